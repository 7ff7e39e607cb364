"""The shop that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shopkit.testing.postgres import Templates

from .running_shop import RunningShop, running_shop


@pytest.fixture(scope="session")
def shop(database_templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """All services of a shop, running."""
    with running_shop(database_templates, tmp_path_factory.mktemp("shop")) as running:
        yield running
