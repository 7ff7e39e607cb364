"""The inventory for these tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest

from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.testing.client import ContractClient
from shopkit.testing.tokens import Tokens
from tests.integration.rival import Rival
from tests.integration.warehouse import Warehouse


@pytest.fixture(scope="module")
def extra_environ() -> dict[str, str]:
    """A connection for each of 50 threads; and only a deadlock, never a slow machine, ends a wait."""
    return {
        "DATABASE_POOL_SIZE": "50",
        "DATABASE_LOCK_TIMEOUT_SECONDS": "60",
        "DATABASE_STATEMENT_TIMEOUT_SECONDS": "60",
    }


@pytest.fixture
def warehouse(client: ContractClient, tokens: Tokens) -> Warehouse:
    """An empty inventory."""
    return Warehouse(client, tokens)


@pytest.fixture
def true_journal(database: Database) -> Iterator[None]:
    """After the test the journal sums up to the stock of every product, and of those that are gone to nothing."""
    yield
    sums = "SELECT product_id, sum(delta) AS pieces FROM movements GROUP BY product_id HAVING sum(delta) <> 0"
    stock = "SELECT product_id, on_hand AS pieces FROM stock WHERE on_hand <> 0"
    wrong = f"(({sums}) EXCEPT ({stock})) UNION ALL (({stock}) EXCEPT ({sums}))"
    assert database.fetch_all(wrong) == []


@pytest.fixture
def another(app: ServiceApp, tokens: Tokens, warehouse: Warehouse) -> Callable[[], Warehouse]:
    """Maker of warehouses on the same data: a test client serves one thread."""

    def make() -> Warehouse:
        client = ContractClient(app, app.response_class)
        client.service = warehouse.client.service
        return Warehouse(client, tokens)

    return make


@pytest.fixture
def rival(database_url: str, another: Callable[[], Warehouse]) -> Iterator[Rival]:
    """A session that works on the same rows."""
    with closing(psycopg2.connect(database_url)) as opened:
        yield Rival(opened, database_url, another)
