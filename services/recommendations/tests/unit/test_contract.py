"""The committed files agree with the code."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from pathlib import Path

from recommendations.service import SERVICE
from shopkit import settings
from shopkit.openapi import describe, to_yaml
from shopkit.testing.messaging import check_contract


def test_openapi_file_is_what_the_code_says() -> None:
    """`python -m shopkit openapi recommendations > openapi.yaml` mends it."""
    assert (SERVICE.folder / "openapi.yaml").read_text() == to_yaml(describe(SERVICE))


def test_readme_has_the_configuration_table() -> None:
    """`python -m shopkit settings recommendations` prints it."""
    assert settings.table(SERVICE.settings) in (SERVICE.folder / "README.md").read_text()


def test_the_inbox_is_shopkits() -> None:
    check_contract(SERVICE)


def test_generated_code_is_what_the_proto_file_says() -> None:
    """`python services/recommendations/generate.py` mends it, here and in the storefront."""
    assert runpy.run_path(str(SERVICE.folder / "generate.py"))["outdated"]() == []


def test_proto_file_passes_the_linter() -> None:
    assert _buf("lint", SERVICE.folder) == ""


def test_proto_file_has_the_usual_format() -> None:
    assert _buf("format", SERVICE.folder, "--diff") == ""


def test_a_number_that_is_used_for_another_field_is_a_breaking_change(tmp_path: Path) -> None:
    """The check of the README finds what would break the storefront of the release before."""
    for name in ("proto", "buf.yaml"):
        source = SERVICE.folder / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (proto,) = (tmp_path / "proto").rglob("*.proto")
    assert _buf("breaking", tmp_path, "--against", str(SERVICE.folder)) == ""
    proto.write_text(proto.read_text().replace("string product_id = 1;", "string product_id = 4;"))
    assert 'Previously present field "1" with name "product_id" on message "Recommendation"' in _buf(
        "breaking", tmp_path, "--against", str(SERVICE.folder)
    )


def _buf(command: str, folder: Path, *options: str) -> str:
    done = subprocess.run(["buf", command, *options], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
