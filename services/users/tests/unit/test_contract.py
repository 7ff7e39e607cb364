"""The committed files agree with the code."""

from __future__ import annotations

import pytest

from shopkit import settings
from shopkit.openapi import describe, to_yaml
from shopkit.testing.messaging import check_contract
from users.service import SERVICE
from users.settings import BootstrapSettings, UsersSettings


def test_openapi_file_is_what_the_code_says() -> None:
    """`python -m shopkit openapi users > openapi.yaml` mends it."""
    assert (SERVICE.folder / "openapi.yaml").read_text() == to_yaml(describe(SERVICE))


@pytest.mark.parametrize("kind", [UsersSettings, BootstrapSettings])
def test_readme_has_the_configuration_tables(kind: type) -> None:
    """`shopkit.settings.table` makes them."""
    assert settings.table(kind) in (SERVICE.folder / "README.md").read_text()


def test_events_and_outbox_are_what_the_code_says() -> None:
    """`python -m shopkit events users` mends the schemas."""
    check_contract(SERVICE)
