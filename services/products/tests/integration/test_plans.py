"""On 100,000 products the lists use the indexes that are there for them. The plan is asserted, not the time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection

from products import search
from products.cursor import Matching, Position, Sort
from products.listing import ListQuery
from shopkit.ids import new_id
from shopkit.service import Service
from shopkit.testing.postgres import Templates

PRODUCTS = """
INSERT INTO products (id, name, description, price, currency, category, sku, created_at)
SELECT gen_random_uuid(), 'Thing ' || md5(number::text), 'It is number ' || number || '.', number, 'EUR',
    'group-' || number % 500, 'T-' || number, timestamptz '2026-01-01Z' + number * interval '1 second'
FROM generate_series(1, 100000) AS number"""


@pytest.fixture(scope="module")
def runtime(database_templates: Templates, database_url: str, service: Service[Any]) -> Iterator[connection]:
    """A connection as the service has it, to a database of 100,000 products."""
    owner = psycopg2.connect(database_templates.owner_url(database_url, service.name))
    opened = psycopg2.connect(database_url)
    try:
        for database, statement in ((owner, PRODUCTS), (owner, "ANALYZE products"), (opened, search.SIMILARITY)):
            with database.cursor() as cursor:
                cursor.execute(statement)
            owner.commit()
        yield opened
    finally:
        opened.close()
        owner.close()


def plan(runtime: connection, sql: str, values: Any) -> list[dict[str, Any]]:
    """Return the nodes of a statement's plan."""

    def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield node
        for inner in node.get("Plans", ()):
            yield from nodes(inner)

    with runtime.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
        found = cursor.fetchone()
    assert found is not None
    return list(nodes(found[0][0]["Plan"]))


@pytest.mark.parametrize(
    ("asked", "sort", "matching", "index"),
    [
        ({"q": "thing 4711"}, "relevance", "words", "products_search"),
        ({"q": "4711"}, "price", "words", "products_search"),
        ({"q": "thnig e2a1b"}, "relevance", "similar", "products_similar_name"),
        ({}, "created_at", "all", "products_by_created_at"),
        ({}, "-created_at", "all", "products_by_created_at"),
        ({}, "name", "all", "products_by_name"),
        ({}, "-name", "all", "products_by_name"),
        ({}, "price", "all", "products_by_price"),
        ({}, "-price", "all", "products_by_price"),
        ({"min_price": 500, "max_price": 600}, "price", "all", "products_by_price"),
        ({"min_price": 500, "max_price": 600}, "name", "all", "products_by_price"),
        ({"category": "group-7"}, "price", "all", "products_category"),
    ],
)
def test_lists_use_their_index(
    runtime: connection, asked: dict[str, Any], sort: Sort, matching: Matching, index: str
) -> None:
    found = plan(runtime, *search.statement(ListQuery(**asked), sort, matching, None))
    assert index in {node.get("Index Name") for node in found}
    assert "Seq Scan" not in {node["Node Type"] for node in found}


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        ("created_at", datetime(2026, 1, 1, 12, tzinfo=UTC)),
        ("-created_at", datetime(2026, 1, 1, 12, tzinfo=UTC)),
        ("name", "thing c"),
        ("-name", "thing c"),
        ("price", 50_000),
        ("-price", 50_000),
    ],
)
def test_a_later_page_begins_in_the_index(runtime: connection, sort: Sort, value: Any) -> None:
    """Its cursor is a condition of the index scan: rows of earlier pages are not read again."""
    found = plan(runtime, *search.statement(ListQuery(), sort, "all", Position(sort, "all", value, new_id())))
    scan = found[-1]
    assert (scan["Node Type"], scan["Index Name"]) == ("Index Scan", f"products_by_{sort.lstrip('-')}")
    assert "ROW(" in scan["Index Cond"]
    assert "Filter" not in scan


def test_one_product_is_read_by_its_key(runtime: connection) -> None:
    found = plan(runtime, "SELECT name FROM products WHERE id = %s", (new_id(),))
    assert [node.get("Index Name") for node in found] == ["products_pkey"]
