"""The committed files agree with the code."""

from __future__ import annotations

from products.catalog.settings import LoaderSettings
from products.service import SERVICE
from shopkit import settings
from shopkit.openapi import describe, to_yaml


def test_openapi_file_is_what_the_code_says() -> None:
    """`python -m shopkit openapi products > openapi.yaml` mends it."""
    assert (SERVICE.folder / "openapi.yaml").read_text() == to_yaml(describe(SERVICE))


def test_readme_has_the_configuration_table() -> None:
    """`python -m shopkit settings products` prints it."""
    assert settings.table(SERVICE.settings) in (SERVICE.folder / "README.md").read_text()


def test_readme_has_the_configuration_table_of_the_loader() -> None:
    """`shopkit.settings.table` makes it."""
    assert settings.table(LoaderSettings) in (SERVICE.folder / "README.md").read_text()
