"""Carts, on a real PostgreSQL and against a real server in the place of products."""

from __future__ import annotations

from typing import Any

import pytest

from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens
from shopkit.testing.upstream import FakeUpstream

pytestmark = pytest.mark.usefixtures("products", "inventory", "payments")

CART = "/api/v1/cart"
LAMP, CUP = "0197f0a0-0000-7000-8000-000000000001", "0197f0a0-0000-7000-8000-000000000002"
EMPTY = {"lines": [], "total": 0, "currency": "EUR", "updated_at": None}


@pytest.fixture
def shopper(tokens: Tokens) -> dict[str, str]:
    """Headers of someone with a cart."""
    return tokens.user(new_id())


def lines(*wanted: tuple[str, Any]) -> dict[str, Any]:
    return {"lines": [{"product_id": product_id, "quantity": quantity} for product_id, quantity in wanted]}


def test_a_cart_is_kept(client: ContractClient, shopper: dict[str, str], inventory: FakeUpstream) -> None:
    assert client.get(CART, headers=shopper).json == EMPTY
    put = client.put(CART, json=lines((CUP, 3), (LAMP.upper(), 2)), headers=shopper)
    assert put.status_code == 200
    cart = body_of(put)
    assert {**cart, "updated_at": None} == {
        "lines": [
            {"product_id": CUP, "name": "Cup", "quantity": 3, "unit_price": 250, "total": 750},
            {"product_id": LAMP, "name": "Lamp", "quantity": 2, "unit_price": 1999, "total": 3998},
        ],
        "total": 4748,
        "currency": "EUR",
        "updated_at": None,
    }
    assert client.get(CART, headers=shopper).json == cart
    assert inventory.received == [], "nothing is reserved"


def test_it_is_replaced_as_a_whole(client: ContractClient, shopper: dict[str, str], database: Database) -> None:
    client.put(CART, json=lines((CUP, 3), (LAMP, 2)), headers=shopper)
    replaced = client.put(CART, json=lines((LAMP, 1)), headers=shopper)
    assert [(line["product_id"], line["quantity"]) for line in body_of(replaced)["lines"]] == [(LAMP, 1)]
    assert database.fetch_row("SELECT count(*) AS carts FROM carts") == {"carts": 1}
    emptied = body_of(client.put(CART, json=lines(), headers=shopper))
    assert {**emptied, "updated_at": None} == EMPTY


def test_it_is_cleared(client: ContractClient, shopper: dict[str, str]) -> None:
    client.put(CART, json=lines((LAMP, 1)), headers=shopper)
    for _ in range(2):
        assert client.delete(CART, headers=shopper).status_code == 204
        assert client.get(CART, headers=shopper).json == EMPTY


def test_everyone_has_their_own(client: ContractClient, tokens: Tokens, shopper: dict[str, str]) -> None:
    other = tokens.user()
    mine = client.put(CART, json=lines((LAMP, 1)), headers=shopper).json
    client.put(CART, json=lines((CUP, 9)), headers=other)
    client.delete(CART, headers=other)
    assert client.get(CART, headers=other).json == EMPTY
    assert client.get(CART, headers=tokens.admin()).json == EMPTY
    assert client.get(CART, headers=shopper).json == mine


def test_it_stays_when_an_order_is_placed(client: ContractClient, shopper: dict[str, str]) -> None:
    cart = client.put(CART, json=lines((LAMP, 1)), headers=shopper).json
    assert client.post("/api/v1/orders", json=lines((LAMP, 1)), headers=shopper).status_code == 201
    assert client.get(CART, headers=shopper).json == cart


def test_it_shows_the_prices_of_when_it_was_put(
    client: ContractClient, shopper: dict[str, str], products: FakeUpstream
) -> None:
    cart = client.put(CART, json=lines((LAMP, 1)), headers=shopper).json
    products.answer("GET", f"/api/v1/products/{LAMP}", 200, {"name": "Lamp", "price": 2500, "currency": "EUR"})
    assert client.get(CART, headers=shopper).json == cart
    assert body_of(client.put(CART, json=lines((LAMP, 1)), headers=shopper))["total"] == 2500


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "lines"),
        ({"lines": None}, "lines"),
        (lines((LAMP, 0)), "lines[0].quantity"),
        (lines((LAMP, 1001)), "lines[0].quantity"),
        (lines((LAMP, "1")), "lines[0].quantity"),
        (lines((LAMP, 1), (LAMP, 1)), "lines[1].product_id"),
        (lines((LAMP, 1), (new_id(), 1)), "lines[1].product_id"),
        (lines(*((new_id(), 1) for _ in range(101))), "lines"),
        ({**lines((LAMP, 1)), "user_id": LAMP}, "user_id"),
        ({"lines": [{"product_id": LAMP, "quantity": 1, "unit_price": 1}]}, "lines[0].unit_price"),
    ],
)
def test_a_wrong_line_is_named_and_the_cart_stays(
    client: ContractClient, shopper: dict[str, str], body: dict[str, Any], field: str
) -> None:
    before = client.put(CART, json=lines((CUP, 3)), headers=shopper).json
    refused = client.put(CART, json=body, headers=shopper)
    assert (refused.status_code, [error["field"] for error in body_of(refused)["errors"]]) == (422, [field])
    assert client.get(CART, headers=shopper).json == before


def test_without_products_the_cart_can_be_read_but_not_filled(
    client: ContractClient, shopper: dict[str, str], products: FakeUpstream
) -> None:
    cart = client.put(CART, json=lines((CUP, 3)), headers=shopper).json
    products.answer("GET", f"/api/v1/products/{LAMP}", 503)
    assert client.put(CART, json=lines((LAMP, 1)), headers=shopper).status_code == 503
    assert client.get(CART, headers=shopper).json == cart


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_it_is_not_public(client: ContractClient, tokens: Tokens, method: str) -> None:
    for headers in ({}, tokens.internal()):
        assert client.open(CART, method=method, json=lines((LAMP, 1)), headers=headers).status_code == 401
