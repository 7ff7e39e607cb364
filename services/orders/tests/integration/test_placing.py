"""Placing orders, on a real PostgreSQL and against real servers in the place of the other services."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import INTERNAL_TOKEN, Tokens
from shopkit.testing.upstream import Answer, FakeUpstream, Received

pytestmark = pytest.mark.usefixtures("products", "inventory", "payments")

USER = "0197f0a0-0000-7000-8000-00000000000a"
LAMP, CUP = "0197f0a0-0000-7000-8000-000000000001", "0197f0a0-0000-7000-8000-000000000002"
TWO_LAMPS = {"lines": [{"product_id": LAMP, "quantity": 2}]}
RESERVATIONS = "/internal/v1/reservations"


def calls(upstream: FakeUpstream) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in upstream.received]


def stored(database: Database) -> list[dict[str, Any]]:
    return database.fetch_all("SELECT id, state FROM orders ORDER BY id")


def test_a_placed_order_copies_the_products_and_reserves_the_stock(
    client: ContractClient, tokens: Tokens, products: FakeUpstream, inventory: FakeUpstream, payments: FakeUpstream
) -> None:
    body = {"lines": [{"product_id": LAMP, "quantity": 2}, {"product_id": CUP.upper(), "quantity": 5}]}
    placed = client.post("/api/v1/orders", json=body, headers={**tokens.user(USER), "X-Request-Id": "req-1"})
    assert placed.status_code == 201
    order = body_of(placed)
    assert {name: order[name] for name in order if name not in ("id", "created_at", "updated_at")} == {
        "user_id": USER,
        "status": "reserved",
        "lines": [
            {"product_id": LAMP, "name": "Lamp", "quantity": 2, "unit_price": 1999, "total": 3998},
            {"product_id": CUP, "name": "Cup", "quantity": 5, "unit_price": 250, "total": 1250},
        ],
        "total": 5248,
        "currency": "EUR",
        "expires_at": "2100-01-01T00:00:00Z",
    }
    assert placed.headers["Location"] == f"/api/v1/orders/{order['id']}"
    assert client.get(placed.headers["Location"], headers=tokens.user(USER)).json == order
    assert calls(products) == [("GET", f"/api/v1/products?ids={LAMP},{CUP}")]
    (reserve,) = inventory.received
    lines = [{"product_id": LAMP, "quantity": 2}, {"product_id": CUP, "quantity": 5}]
    assert (reserve.method, reserve.path) == ("POST", RESERVATIONS)
    assert reserve.body == {"order_id": order["id"], "lines": lines}
    assert reserve.headers["Authorization"] == f"Bearer {INTERNAL_TOKEN}"
    assert {request.headers["X-Request-Id"] for request in (*products.received, reserve)} == {"req-1"}
    assert "Authorization" not in products.received[0].headers
    assert payments.received == []


def test_too_little_stock_rejects_the_order_and_says_what_is_left(
    client: ContractClient, tokens: Tokens, database: Database, inventory: FakeUpstream
) -> None:
    body = {"lines": [{"product_id": CUP, "quantity": 1}, {"product_id": LAMP, "quantity": 9}]}
    headers = {**tokens.user(USER), "Idempotency-Key": "k"}
    refused = client.post("/api/v1/orders", json=body, headers=headers)
    (order,) = stored(database)
    assert (refused.status_code, order["state"]) == (409, "rejected")
    assert refused.json == {
        "type": "https://shopkeeper.dev/problems/insufficient-stock",
        "title": "There is too little stock",
        "status": 409,
        "detail": f"Order {order['id']} is rejected. Order at most what is available.",
        "instance": "/api/v1/orders",
        "order_id": order["id"],
        "errors": [
            {
                "field": "lines[1].quantity",
                "detail": "9 requested, 5 available",
                "product_id": LAMP,
                "requested": 9,
                "available": 5,
            }
        ],
    }
    assert calls(inventory) == [("POST", RESERVATIONS), ("POST", f"{RESERVATIONS}/{order['id']}/release")]
    again = client.post("/api/v1/orders", json=body, headers=headers)
    assert (again.status_code, again.json) == (409, refused.json)
    assert len(inventory.received) == 2
    paid = client.post(
        f"/api/v1/orders/{order['id']}/pay", json={"payment_method": "pm_card_approved"}, headers=headers
    )
    assert (paid.status_code, body_of(paid)["type"].rpartition("/")[2]) == (409, "order-not-payable")


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ([], "lines"),
        ([{"product_id": LAMP, "quantity": 0}], "lines[0].quantity"),
        ([{"product_id": LAMP, "quantity": 1001}], "lines[0].quantity"),
        ([{"product_id": LAMP, "quantity": True}], "lines[0].quantity"),
        ([{"product_id": "lamp", "quantity": 1}], "lines[0].product_id"),
        ([{"product_id": LAMP, "quantity": 1, "unit_price": 1}], "lines[0].unit_price"),
        ([{"product_id": LAMP, "quantity": 1}, {"product_id": LAMP, "quantity": 2}], "lines[1].product_id"),
        ([{"product_id": CUP, "quantity": 1}, {"product_id": USER, "quantity": 2}], "lines[1].product_id"),
        ([{"product_id": new_id(), "quantity": 1} for _ in range(101)], "lines"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_stored(
    client: ContractClient,
    tokens: Tokens,
    database: Database,
    inventory: FakeUpstream,
    lines: list[dict[str, Any]],
    field: str,
) -> None:
    refused = client.post("/api/v1/orders", json={"lines": lines}, headers=tokens.user())
    assert refused.status_code == 422
    assert [error["field"] for error in body_of(refused)["errors"]] == [field]
    assert (stored(database), inventory.received) == ([], [])


def test_a_price_in_another_currency_is_refused(client: ContractClient, tokens: Tokens, products: FakeUpstream) -> None:
    products.answer("GET", f"/api/v1/products/{LAMP}", 200, {"name": "Lamp", "price": 1, "currency": "USD"})
    refused = client.post("/api/v1/orders", json=TWO_LAMPS, headers=tokens.user())
    detail = "is priced in USD, this shop sells in EUR"
    assert (refused.status_code, body_of(refused)["errors"]) == (
        422,
        [{"field": "lines[0].product_id", "detail": detail}],
    )


def test_a_key_places_one_order_for_its_user(client: ContractClient, tokens: Tokens, inventory: FakeUpstream) -> None:
    headers = {**tokens.user(USER), "Idempotency-Key": "k" * 255}
    first = client.post("/api/v1/orders", json=TWO_LAMPS, headers=headers)
    again = client.post("/api/v1/orders", json=TWO_LAMPS, headers=headers)
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Location"] == first.headers["Location"]
    assert len(inventory.received) == 1
    other_body = {"lines": [{"product_id": LAMP, "quantity": 1}]}
    reused = client.post("/api/v1/orders", json=other_body, headers=headers)
    assert reused.status_code == 422
    assert body_of(reused)["type"] == "https://shopkeeper.dev/problems/idempotency-key-reused"
    other_user = client.post("/api/v1/orders", json=other_body, headers={**headers, **tokens.user()})
    assert other_user.status_code == 201
    assert body_of(other_user)["id"] != body_of(first)["id"]


@pytest.mark.parametrize("key", ["", "k" * 256, "ä"])
def test_a_key_that_is_none_is_refused(client: ContractClient, tokens: Tokens, database: Database, key: str) -> None:
    refused = client.post("/api/v1/orders", json=TWO_LAMPS, headers={**tokens.user(), "Idempotency-Key": key})
    assert (refused.status_code, [error["field"] for error in body_of(refused)["errors"]]) == (422, ["Idempotency-Key"])
    assert stored(database) == []


def test_without_a_key_each_request_is_an_order(client: ContractClient, tokens: Tokens, database: Database) -> None:
    for _ in range(2):
        assert client.post("/api/v1/orders", json=TWO_LAMPS, headers=tokens.user(USER)).status_code == 201
    assert [order["state"] for order in stored(database)] == ["reserved", "reserved"]


@pytest.mark.parametrize("status", [401, 404, 409, 500, 503])
def test_an_order_waits_for_the_inventory_and_its_key_goes_on_with_it(
    client: ContractClient,
    tokens: Tokens,
    database: Database,
    products: FakeUpstream,
    inventory: FakeUpstream,
    status: int,
) -> None:
    headers = {**tokens.user(USER), "Idempotency-Key": "k"}
    inventory.answer("POST", RESERVATIONS, status, {"type": "about:blank"})
    failed = client.post("/api/v1/orders", json=TWO_LAMPS, headers=headers)
    (order,) = stored(database)
    assert (failed.status_code, failed.headers["Retry-After"], order["state"]) == (503, "1", "created")
    inventory.answer("POST", RESERVATIONS, 201, {})
    again = client.post("/api/v1/orders", json=TWO_LAMPS, headers=headers)
    assert (again.status_code, body_of(again)["id"], body_of(again)["status"]) == (201, order["id"], "reserved")
    assert {request.body["order_id"] for request in inventory.received} == {order["id"]}
    assert len(products.received) == 1


def test_a_slow_inventory_is_a_504_and_the_order_waits(
    client: ContractClient, tokens: Tokens, database: Database, inventory: FakeUpstream
) -> None:
    given_up = threading.Event()

    def slow(_request: Received) -> Answer:
        given_up.wait(10)
        return 201, {}

    inventory.respond("POST", RESERVATIONS, slow)
    headers = {**tokens.user(), "X-Envoy-Expected-Rq-Timeout-Ms": "1000"}
    failed = client.post("/api/v1/orders", json=TWO_LAMPS, headers=headers)
    given_up.set()
    assert (failed.status_code, failed.headers["Retry-After"]) == (504, "1")
    assert [order["state"] for order in stored(database)] == ["created"]


@pytest.mark.parametrize(
    "answer", [(503, None), (200, {"name": "Lamp", "price": -1, "currency": "EUR"}), (200, []), (401, {})]
)
def test_without_the_products_there_is_no_order(
    client: ContractClient, tokens: Tokens, database: Database, products: FakeUpstream, answer: Answer
) -> None:
    products.answer("GET", f"/api/v1/products/{LAMP}", *answer)
    failed = client.post("/api/v1/orders", json=TWO_LAMPS, headers=tokens.user())
    assert (failed.status_code, failed.headers["Retry-After"], stored(database)) == (503, "1", [])


def test_the_same_request_twice_at_once_is_one_order(
    app: ServiceApp, client: ContractClient, tokens: Tokens, database: Database, products: FakeUpstream
) -> None:
    both_have_begun = threading.Barrier(2)

    def describe(_request: Received) -> Answer:
        both_have_begun.wait(10)
        return 200, {"name": "Lamp", "price": 1999, "currency": "EUR"}

    products.respond("GET", f"/api/v1/products/{LAMP}", describe)
    headers = {**tokens.user(USER), "Idempotency-Key": "k"}

    def place(_number: int) -> tuple[int, Any]:
        placed = app.test_client().post("/api/v1/orders", json=TWO_LAMPS, headers=headers)
        return placed.status_code, placed.json

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(place, range(2))
    assert first == second
    assert (first[0], first[1]["status"]) == (201, "reserved")
    assert stored(database) == [{"id": first[1]["id"], "state": "reserved"}]


def test_without_a_token_there_is_no_order(client: ContractClient, database: Database) -> None:
    assert client.post("/api/v1/orders", json=TWO_LAMPS).status_code == 401
    assert stored(database) == []
