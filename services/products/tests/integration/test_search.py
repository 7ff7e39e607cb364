"""Filters, orders, search and cursors of the list, through the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import psycopg2
import pytest

from products.cursor import Position, encode
from shopkit.ids import new_id
from shopkit.service import Service
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.postgres import Templates
from shopkit.testing.tokens import Tokens

LIST = "/api/v1/products"
SHELF = [
    {"name": "oak Chair", "price": 9900, "category": "chairs", "description": "A chair of solid oak.", "sku": "CH-1"},
    {"name": "Desk Lamp", "price": 3900, "category": "lamps", "description": "Stands on a desk.", "sku": "LA-1"},
    {"name": "Beech Chair", "price": 8900, "category": "chairs", "description": "Goes with any lamp."},
    {"name": "Floor Lamp", "price": 8900, "category": "lamps", "description": "Tall."},
    {"name": "Mug", "price": 900, "category": None, "description": "Holds coffee; the oak tray is extra."},
]


@pytest.fixture
def shelf(add: Any) -> list[dict[str, Any]]:
    """A few products, in this order."""
    return [dict(body_of(add(**fields))) for fields in SHELF]


def names(client: ContractClient, **query: Any) -> list[str]:
    response = client.get(f"{LIST}?{urlencode(query)}")
    assert response.status_code == 200, response.text
    return [item["name"] for item in body_of(response)["items"]]


def walk(client: ContractClient, limit: int, **query: Any) -> list[str]:
    """Read all pages."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = body_of(client.get(f"{LIST}?{urlencode({**query, 'limit': limit, **cursor})}"))
        found += [item["name"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        assert len(page["items"]) == limit
        cursor = {"cursor": page["next_cursor"]}


ORDERS = {
    "created_at": ["oak Chair", "Desk Lamp", "Beech Chair", "Floor Lamp", "Mug"],
    "-created_at": ["Mug", "Floor Lamp", "Beech Chair", "Desk Lamp", "oak Chair"],
    "name": ["Beech Chair", "Desk Lamp", "Floor Lamp", "Mug", "oak Chair"],
    "-name": ["oak Chair", "Mug", "Floor Lamp", "Desk Lamp", "Beech Chair"],
    "price": ["Mug", "Desk Lamp", "Beech Chair", "Floor Lamp", "oak Chair"],
    "-price": ["oak Chair", "Floor Lamp", "Beech Chair", "Desk Lamp", "Mug"],
}


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("sort", list(ORDERS))
def test_pages_of_every_order_follow_each_other(client: ContractClient, sort: str) -> None:
    assert names(client, sort=sort) == ORDERS[sort]
    for limit in (1, 2, 3):
        assert walk(client, limit, sort=sort) == ORDERS[sort]


def test_without_an_order_the_oldest_come_first_and_items_are_products(
    client: ContractClient, shelf: list[dict[str, Any]]
) -> None:
    assert client.get(LIST).json == {"items": shelf, "next_cursor": None}


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"category": "chairs"}, ["oak Chair", "Beech Chair"]),
        ({"category": "tables"}, []),
        ({"min_price": 8900}, ["oak Chair", "Beech Chair", "Floor Lamp"]),
        ({"max_price": 3900}, ["Desk Lamp", "Mug"]),
        ({"min_price": 3900, "max_price": 8900}, ["Desk Lamp", "Beech Chair", "Floor Lamp"]),
        ({"min_price": 5, "max_price": 4}, []),
        ({"category": "lamps", "min_price": 4000, "q": "lamp"}, ["Floor Lamp"]),
        ({"q": "lamp", "sort": "name"}, ["Beech Chair", "Desk Lamp", "Floor Lamp"]),
    ],
)
def test_filters_narrow_the_list(client: ContractClient, query: dict[str, Any], expected: list[str]) -> None:
    assert names(client, **query) == expected
    assert walk(client, 1, **query) == expected


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("oak", ["oak Chair", "Mug"]),  # name before description
        ("CHAIRS", ["oak Chair", "Beech Chair"]),  # any form of the word; the first has it in its description, too
        ("desk lamp", ["Desk Lamp"]),
        ("lamp -desk", ["Floor Lamp", "Beech Chair"]),
        ("oak or mug", ["Mug", "oak Chair"]),
        ('"solid oak"', ["oak Chair"]),
        ("la-1", ["Desk Lamp"]),
        ("xylophone", []),
        ("%", []),
        ("' OR 1=1 --", []),
        ("&|!:*()<->", []),
    ],
)
def test_words_are_found_best_first(client: ContractClient, q: str, expected: list[str]) -> None:
    assert names(client, q=q) == expected
    assert walk(client, 1, q=q) == expected


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("chiar", ["Beech Chair", "oak Chair"]),
        ("lapm", ["Floor Lamp", "Desk Lamp"]),
        ("flor lmp", ["Floor Lamp"]),
        ("beach", ["Beech Chair"]),
    ],
)
def test_a_typo_finds_similar_names(client: ContractClient, q: str, expected: list[str]) -> None:
    assert names(client, q=q) == expected
    assert walk(client, 1, q=q) == expected


def test_what_comes_and_goes_does_not_shift_pages(
    client: ContractClient, tokens: Tokens, shelf: list[dict[str, Any]], add: Any
) -> None:
    first = body_of(client.get(f"{LIST}?sort=price&limit=3"))
    assert [item["name"] for item in first["items"]] == ORDERS["price"][:3]
    gone = first["items"][2]["id"]
    assert client.delete(f"{LIST}/{gone}", headers=tokens.admin()).status_code == 204
    add(name="Cheap", price=1)
    rest = body_of(client.get(f"{LIST}?sort=price&limit=3&cursor={first['next_cursor']}"))
    assert [item["name"] for item in rest["items"]] == ORDERS["price"][3:]
    assert len(shelf) == 5


def test_names_of_any_script_have_cursors(client: ContractClient, add: Any) -> None:
    wanted = sorted(["茶" * 200, "🫖" * 200, '"\\' * 100])
    for name in wanted:
        add(name=name)
    assert sorted(walk(client, 1, sort="name")) == wanted


@pytest.mark.parametrize(
    "query",
    [
        "sort=colour",
        "sort=relevance",
        "sort=-relevance&q=a",
        "category=A",
        "min_price=-1",
        "max_price=1.5",
        "max_price=1000000000001",
        "q=",
        "q=" + "a" * 201,
        "q=a%00",
        "limit=0",
    ],
)
def test_a_wrong_parameter_is_named(client: ContractClient, query: str) -> None:
    response = client.get(f"{LIST}?{query}")
    assert response.status_code == 422
    assert [error["field"] for error in body_of(response)["errors"]] == [query.partition("=")[0]]


def test_a_cursor_belongs_to_its_list(client: ContractClient) -> None:
    cursors = {
        "sort=name": encode(Position("price", "all", 5, new_id())),
        "q=a": encode(Position("relevance", "all", 0.5, new_id())),
        "sort=price": encode(Position("price", "words", 5, new_id())),
    }
    for query, cursor in cursors.items():
        response = client.get(f"{LIST}?{query}&cursor={cursor}")
        assert (response.status_code, body_of(response)["errors"][0]["field"]) == (422, "cursor")


def test_the_owner_of_the_database_created_the_extension(
    database_templates: Templates, database_url: str, service: Service[Any]
) -> None:
    """The operator's owner role is no superuser, and neither is the one of the tests."""
    with psycopg2.connect(database_templates.owner_url(database_url, service.name)) as opened, opened.cursor() as rows:
        rows.execute(
            "SELECT rolname, rolsuper FROM pg_extension JOIN pg_roles ON pg_roles.oid = extowner"
            " WHERE extname = 'pg_trgm'"
        )
        assert rows.fetchall() == [("products_owner", False)]
    opened.close()
