from __future__ import annotations

from pathlib import Path

import pytest

from shopkit.commands import MigrationSettings
from shopkit.settings import TokenSettings, table

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("kind", [TokenSettings, MigrationSettings])
def test_the_readme_has_the_configuration_tables(kind: type[object]) -> None:
    """`shopkit.settings.table` makes them."""
    assert table(kind) in README.read_text()
