"""The committed files agree with the code."""

from __future__ import annotations

from shopkit import settings
from shopkit.openapi import describe, to_yaml
from storefront.service import SERVICE


def test_openapi_file_is_what_the_code_says() -> None:
    """`python -m shopkit openapi storefront > openapi.yaml` mends it."""
    assert (SERVICE.folder / "openapi.yaml").read_text() == to_yaml(describe(SERVICE))


def test_readme_has_the_configuration_table() -> None:
    """`python -m shopkit settings storefront` prints it."""
    assert settings.table(SERVICE.settings) in (SERVICE.folder / "README.md").read_text()
