"""Helm 3 and Helm 4 make the same of the charts."""

from pathlib import Path

import pytest

from charts.tests.helm import CHARTS, NAMES, Helm, Object, case_name, load
from charts.tools.deps import find_helm


@pytest.fixture(scope="module")
def helm3(helm: Helm) -> Helm:
    """Return Helm 3, the charts' dependencies being built."""
    return Helm(find_helm("helm3"))


def test_they_are_two_versions(helm: Helm, helm3: Helm) -> None:
    versions = [one.run("version", "--template", "{{.Version}}").output for one in (helm, helm3)]
    assert [version.split(".")[0] for version in versions] == ["v4", "v3"]


@pytest.mark.parametrize("values", sorted((CHARTS / "shop" / "ci").glob("*.yaml")), ids=case_name)
def test_same_objects(helm: Helm, helm3: Helm, values: Path) -> None:
    given = load(values)
    assert helm3.template("shop", given, hooks=True) == helm.template("shop", given, hooks=True)


@pytest.mark.parametrize("chart", NAMES)
def test_helm_3_lints_the_same_charts(helm3: Helm, chart: str) -> None:
    outcome = helm3.run("lint", "--strict", "--quiet", str(CHARTS / chart))
    assert outcome.ok, outcome.output


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"users": {"replicas": "1"}}, "users:\n- at '/replicas': got string, want integer"),
        ({"globl": {}}, "shop:\n- at '': additional properties 'globl' not allowed"),
        ({"postgres": {"enabled": False}}, "exactly one must be true"),
    ],
)
def test_same_refusals(helm: Helm, helm3: Helm, values: Object, message: str) -> None:
    outcomes = [one.try_template("shop", values) for one in (helm, helm3)]
    assert [(outcome.ok, message in outcome.output) for outcome in outcomes] == [(False, True), (False, True)]


def test_helm_3_builds_the_same_dependencies(helm3: Helm, tmp_path: Path) -> None:
    for name, need in (("top", "leaf"), ("leaf", "")):
        (tmp_path / name).mkdir()
        needs = f"dependencies: [{{name: {need}, version: 1.0.0, repository: file://../{need}}}]\n" if need else ""
        (tmp_path / name / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n{needs}")
    outcome = helm3.run("dependency", "build", str(tmp_path / "top"))
    assert outcome.ok, outcome.output
    assert (tmp_path / "top" / "charts" / "leaf-1.0.0.tgz").is_file()
