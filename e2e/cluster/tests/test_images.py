"""The images: their tag, how they are built, and which of them a cluster lacks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from e2e.cluster import docker, images
from e2e.cluster.images import IMAGES, Image
from e2e.cluster.shell import CommandFailed, Problem

ROOT = Path(__file__).parents[3]
USERS = Image("users", "service")
OPERATOR = Image("operator", "operator")


def source(root: Path, app_version: str = "0.1.0") -> Path:
    for name, text in {
        ".dockerignore": "*\n!charts\n",
        "charts/shop/Chart.yaml": f'apiVersion: v2\nappVersion: "{app_version}"\n',
        "images/offline/tools/go.mod": "require (\n\thelm.sh/helm/v4 v4.3.1 // indirect\n)\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_every_image_has_its_dockerfile() -> None:
    assert [image for image in IMAGES if not (ROOT / "images" / image.folder / "Dockerfile").is_file()] == []
    assert len(IMAGES) == 12


def test_a_reference_is_below_the_registry_if_there_is_one() -> None:
    assert USERS.reference("1.0") == "shopkeeper/users:1.0"
    assert USERS.reference("1.0", "registry.example.com/team/") == "registry.example.com/team/shopkeeper/users:1.0"


def test_the_tag_is_the_version_and_a_digest_of_the_source(tmp_path: Path) -> None:
    tag = images.release_tag(source(tmp_path))
    assert re.fullmatch(r"0\.1\.0-g[0-9a-f]{12}", tag)
    assert images.release_tag(tmp_path) == tag


def test_another_helm_is_another_tag_and_other_tools_are_not(tmp_path: Path) -> None:
    tag = images.release_tag(source(tmp_path))
    module = tmp_path / "images/offline/tools/go.mod"
    module.write_text(module.read_text().replace("(\n", "(\n\tsigs.k8s.io/kind v0.33.0\n"))
    assert images.release_tag(tmp_path) == tag
    module.write_text(module.read_text().replace("v4.3.1", "v4.3.2"))
    assert images.release_tag(tmp_path) != tag


def test_the_tag_of_this_repository_is_a_valid_image_tag_and_label() -> None:
    assert re.fullmatch(r"[0-9a-zA-Z][0-9a-zA-Z._-]{0,61}[0-9a-zA-Z]", images.release_tag(ROOT))


def test_a_chart_without_version_is_a_problem(tmp_path: Path) -> None:
    (source(tmp_path) / "charts/shop/Chart.yaml").write_text("name: shop\n")
    with pytest.raises(Problem, match="no appVersion"):
        images.release_tag(tmp_path)


def test_build_arguments_name_service_or_tools() -> None:
    assert images.build_arguments(USERS, "0.1.0", "tools:1") == [
        *("--build-arg", "VERSION=0.1.0"),
        *("--build-arg", "SERVICE=users"),
    ]
    assert images.build_arguments(OPERATOR, "0.1.0", "tools:1") == [
        *("--build-arg", "VERSION=0.1.0"),
        *("--build-arg", "TOOLS_IMAGE=tools:1"),
    ]


def test_proxies_that_are_set_are_handed_on_by_name() -> None:
    environ = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ""}
    assert docker.proxy_arguments(environ) == ["--build-arg", "HTTPS_PROXY"]
    assert docker.proxy_arguments({}) == []


def test_the_first_ca_bundle_that_exists_becomes_the_secret(tmp_path: Path) -> None:
    bundle, default = tmp_path / "own.pem", tmp_path / "system.pem"
    assert images.ca_secret({"PIP_CERT": str(bundle)}, default) == []
    default.touch()
    assert images.ca_secret({"PIP_CERT": str(bundle)}, default) == ["--secret", f"id=ca,src={default}"]
    bundle.touch()
    assert images.ca_secret({"PIP_CERT": str(bundle)}, default) == ["--secret", f"id=ca,src={bundle}"]


def test_a_cluster_that_is_not_kinds_needs_a_registry() -> None:
    images.check_registry("kind-shopkeeper", "")
    images.check_registry("production", "registry.example.com")
    with pytest.raises(Problem, match=r"context 'production' is not one of kind's.*REGISTRY=<prefix>"):
        images.check_registry("production", "")


def test_an_image_is_missing_when_one_node_lacks_it() -> None:
    everything = [f"docker.io/{image.reference('1')}" for image in IMAGES]
    assert images.missing_images("1", [everything, everything]) == []
    assert images.missing_images("1", [everything, everything[1:]]) == [IMAGES[0]]
    assert images.missing_images("2", [everything]) == list(IMAGES)


def test_a_failed_build_stops_what_has_not_begun() -> None:
    begun: list[str] = []

    def work(image: Image) -> None:
        begun.append(image.name)
        raise Problem(f"{image.name} failed")

    many = [Image(str(number), "service") for number in range(100)]
    with pytest.raises(Problem, match="failed"):
        images.each(many, work, lambda _image, _count: None)
    assert len(begun) < len(many)


def test_a_full_disk_is_named_with_the_fix() -> None:
    full = CommandFailed(["docker", "build"], 1, "write /x: no space left on device")
    assert images.explain("users", full).startswith("the disk is full: free some space")
    assert images.explain("users", CommandFailed(["docker"], 1, "x")).startswith("the image users could not be built")
