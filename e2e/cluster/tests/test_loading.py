"""Loading images into nodes: only what is new is copied."""

from __future__ import annotations

from e2e.cluster import loading


def test_an_image_the_node_has_needs_nothing() -> None:
    work = loading.plan({"shopkeeper/users:2": "sha256:aa"}, ["docker.io/shopkeeper/users:2", "sha256:aa"])
    assert (dict(work.names), list(work.copies)) == ({}, [])


def test_an_unchanged_image_gets_its_new_name_and_a_changed_one_is_copied() -> None:
    ids = {"shopkeeper/users:2": "sha256:aa", "shopkeeper/orders:2": "sha256:bb"}
    work = loading.plan(ids, ["docker.io/shopkeeper/users:1", "sha256:aa", "docker.io/shopkeeper/orders:1"])
    assert dict(work.names) == {"shopkeeper/users:2": "sha256:aa"}
    assert list(work.copies) == ["shopkeeper/orders:2"]


def test_the_snapshotter_is_that_of_the_nodes_containerd() -> None:
    config = """
[plugins.'io.containerd.cri.v1.images']
    snapshotter = 'fuse-overlayfs'
    [plugins.'io.containerd.cri.v1.images'.runtime]
      snapshotter = ''
"""
    assert loading.snapshotter(config) == "fuse-overlayfs"
    assert loading.snapshotter('      snapshotter = "native"\n') == "native"
    assert loading.snapshotter("") == "overlayfs"
