"""The committed files agree with the code."""

from __future__ import annotations

from notifications.service import SERVICE
from notifications.sink.__main__ import SinkSettings
from shopkit import settings
from shopkit.openapi import describe, to_yaml
from shopkit.testing.messaging import check_contract


def test_openapi_file_is_what_the_code_says() -> None:
    """`python -m shopkit openapi notifications > openapi.yaml` mends it."""
    assert (SERVICE.folder / "openapi.yaml").read_text() == to_yaml(describe(SERVICE))


def test_readme_has_the_configuration_tables() -> None:
    """`python -m shopkit settings notifications` prints the first."""
    readme = (SERVICE.folder / "README.md").read_text()
    assert settings.table(SERVICE.settings) in readme
    assert settings.table(SinkSettings) in readme


def test_messaging_contract() -> None:
    check_contract(SERVICE)
