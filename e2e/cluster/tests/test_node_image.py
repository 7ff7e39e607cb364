"""Which of our images stands in for which."""

import pytest

from e2e.cluster import node_image
from e2e.cluster.shell import Problem


@pytest.mark.parametrize(
    ("reference", "part"),
    [
        ("registry.k8s.io/kube-apiserver:v1.37.2", "kubernetes"),
        ("registry.k8s.io/kube-proxy:v1.37.2", "kubernetes"),
        ("registry.k8s.io/etcd:3.7.0-0", "etcd"),
        ("registry.k8s.io/coredns/coredns:v1.14.6", "coredns"),
        ("registry.k8s.io/pause:3.10", "pause"),
        ("docker.io/kindest/kindnetd:v1", "pause"),
        ("docker.io/kindest/local-path-provisioner:v1", "local-path"),
        ("docker.io/kindest/local-path-helper:v1", "local-path"),
        ("registry.k8s.io/metrics-server/metrics-server:v0.9.0", "metrics-server"),
    ],
)
def test_every_image_of_a_node_has_a_stand_in(reference: str, part: str) -> None:
    assert node_image.part_of(reference) == part


def test_an_image_that_nothing_stands_in_for_is_named() -> None:
    with pytest.raises(Problem, match=r"the node image needs registry\.k8s\.io/new:v1, for which"):
        node_image.part_of("registry.k8s.io/new:v1")


def test_the_images_of_kind_are_found_in_its_sources() -> None:
    sources = """
const kindnetdImage = "docker.io/kindest/kindnetd:v2026-1"
const storageProvisionerImage = "docker.io/kindest/local-path-provisioner:v2026-2"
const storageHelperImage = "docker.io/kindest/local-path-helper:v2026-3"
const other = "docker.io/kindest/base:v1"
"""
    assert node_image.wanted_by_kind(sources) == [
        "docker.io/kindest/kindnetd:v2026-1",
        "docker.io/kindest/local-path-helper:v2026-3",
        "docker.io/kindest/local-path-provisioner:v2026-2",
    ]


def test_the_sandbox_image_is_read_from_containerds_configuration() -> None:
    assert node_image.sandbox('  sandbox_image = "registry.k8s.io/pause:3.10"\n') == "registry.k8s.io/pause:3.10"
    with pytest.raises(Problem, match="names no sandbox_image"):
        node_image.sandbox("version = 3")
