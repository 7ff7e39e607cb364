"""Image archives that kind reads."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from e2e.cluster import archive

MANIFEST = [
    {"Config": "aa.json", "RepoTags": ["local/pause:build"], "Layers": ["l1/layer.tar"]},
    {"Config": "blobs/sha256/bb", "RepoTags": ["local/kubernetes:build"], "Layers": ["l2/layer.tar"]},
]
NAMES = {
    "local/pause:build": ["registry.example/pause:3.10"],
    "local/kubernetes:build": ["registry.example/kube-proxy:v1", "registry.example:5000/kube-scheduler:v1"],
}


def test_images_get_all_their_new_names() -> None:
    renamed = archive.rename(MANIFEST, NAMES)
    assert [image["RepoTags"] for image in renamed] == list(NAMES.values())
    assert [image["Layers"] for image in renamed] == [["l1/layer.tar"], ["l2/layer.tar"]]


def test_an_image_without_a_new_name_is_an_error() -> None:
    with pytest.raises(KeyError, match="local/pause:build"):
        archive.rename(MANIFEST, {})


def test_repositories_name_every_tag() -> None:
    assert archive.repositories(archive.rename(MANIFEST, NAMES)) == {
        "registry.example/pause": {"3.10": "aa"},
        "registry.example/kube-proxy": {"v1": "bb"},
        "registry.example:5000/kube-scheduler": {"v1": "bb"},
    }


def write(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as stream:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            stream.addfile(member, io.BytesIO(content))


def test_a_rewritten_archive_names_its_images_first_and_keeps_their_content(tmp_path: Path) -> None:
    old, new = tmp_path / "old.tar", tmp_path / "new.tar"
    manifest = json.dumps(MANIFEST).encode()
    write(old, {"l1/layer.tar": b"one", "index.json": b"{}", "manifest.json": manifest, "oci-layout": b"{}"})
    archive.rewrite(old, new, NAMES)
    with tarfile.open(new) as stream:
        assert stream.getnames() == ["repositories", "manifest.json", "l1/layer.tar"]
        layer = stream.extractfile("l1/layer.tar")
        assert layer is not None
        assert layer.read() == b"one"
