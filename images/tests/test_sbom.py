"""The bill of materials: what it names, and that it depends on nothing but the image."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from images import sbom

STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.41-12+deb13u1
Description: GNU C Library
 continued: here

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1:2.0
"""


def distribution(folder: Path, name: str, version: str) -> None:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_only_installed_debian_packages_are_named_with_their_version_encoded() -> None:
    assert list(sbom.debian_packages(STATUS)) == ["pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64"]


def test_a_component_has_the_plain_name_and_version_of_its_package_url() -> None:
    assert sbom.component("pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64") == {
        "type": "library",
        "bom-ref": "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64",
        "name": "libc6",
        "version": "2.41-12+deb13u1",
        "purl": "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64",
    }


def test_a_package_url_without_version_is_refused() -> None:
    with pytest.raises(ValueError, match="has no version"):
        sbom.component("pkg:generic/helm")


def test_python_names_are_normalised(tmp_path: Path) -> None:
    distribution(tmp_path, "Uuid_Utils", "1.2.0")
    assert list(sbom.python_packages([tmp_path])) == ["pkg:pypi/uuid-utils@1.2.0"]


def test_the_document_is_sorted_without_duplicates_and_the_same_every_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / sbom.DPKG_STATUS).write_text(STATUS)
    distribution(tmp_path / "site", "flask", "3.1.3")
    site = str(tmp_path / "site")
    arguments = ["demo", "--root", str(tmp_path), "--python", site, "--component", "pkg:generic/helm@4"]
    sbom.main([*arguments, "pkg:generic/helm@4"])
    first = capsys.readouterr().out
    sbom.main(arguments)
    assert capsys.readouterr().out == first
    written = json.loads(first)
    assert written["metadata"]["component"]["name"] == "demo"
    assert [one["purl"] for one in written["components"]] == [
        "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64",
        "pkg:generic/helm@4",
        "pkg:pypi/flask@3.1.3",
    ]
