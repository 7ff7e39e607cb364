"""What is built by Go, and how."""

from pathlib import Path

from e2e.cluster import tools
from e2e.cluster.shell import CommandFailed

GO_MOD = """module example

go 1.26.0

tool sigs.k8s.io/kind

require k8s.io/kubernetes v1.37.2

require (
	helm.sh/helm/v3 v3.22.0 // indirect
	helm.sh/helm/v4 v4.3.1
)

replace (
	k8s.io/api => k8s.io/api v0.37.2
)
"""


def test_versions_are_read_from_every_form_of_requirement() -> None:
    assert tools.versions(GO_MOD) == {
        "k8s.io/kubernetes": "v1.37.2",
        "helm.sh/helm/v3": "v3.22.0",
        "helm.sh/helm/v4": "v4.3.1",
    }


def test_programs_are_told_their_versions() -> None:
    flags = tools.link_flags(tools.versions(GO_MOD))
    assert "-X k8s.io/component-base/version.gitVersion=v1.37.2" in flags
    assert "-X k8s.io/component-base/version.gitMajor=1" in flags
    assert "-X k8s.io/component-base/version.gitMinor=37" in flags
    assert "-X helm.sh/helm/v4/internal/version.version=v4.3.1" in flags


def test_programs_called_as_their_package_are_built_together() -> None:
    assert [(target.output, target.names) for target in tools.targets(["kind", "helm3", "helm", "etcd"])] == [
        ("", ("kind", "helm", "etcd")),
        ("helm3", ("helm3",)),
    ]


def test_a_program_that_must_be_alone_is_built_alone() -> None:
    assert [target.names for target in tools.targets(["local-path-provisioner", "kind"])] == [
        ("kind",),
        ("local-path-provisioner",),
    ]


def test_nothing_to_build_needs_no_call() -> None:
    assert tools.targets([]) == []


def test_every_program_that_is_asked_for_is_known() -> None:
    assert {*tools.CLIENTS, *tools.NODE, *tools.ALONE} <= set(tools.PACKAGES)


def test_the_key_changes_with_a_pinned_version_and_a_source(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("a")
    (tmp_path / "go.sum").write_text("b")
    (tmp_path / "etcd").mkdir()
    (tmp_path / "etcd" / "main.go").write_text("c")
    first = tools.key(tmp_path)
    assert tools.key(tmp_path) == first
    (tmp_path / "go.sum").write_text("B")
    second = tools.key(tmp_path)
    (tmp_path / "etcd" / "main.go").write_text("C")
    assert len({first, second, tools.key(tmp_path)}) == 3


def test_a_failed_build_names_the_cause() -> None:
    def failed(output: str) -> str:
        return tools.explain(CommandFailed(["go", "build"], 1, output))

    assert failed("write x: no space left on device").startswith("the disk is full: free some space")
    assert failed("dial tcp: lookup example: no such host").startswith("Go modules could not be downloaded: is there")
    assert failed("undefined: x").startswith("`go build` failed with exit code 1")
