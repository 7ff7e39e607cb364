"""Paying orders, on a real PostgreSQL and against real servers in the place of the other services."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from werkzeug.test import TestResponse

from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import INTERNAL_TOKEN, Tokens
from shopkit.testing.upstream import Answer, FakeUpstream, Received

pytestmark = pytest.mark.usefixtures("products", "inventory", "payments")

USER = "0197f0a0-0000-7000-8000-00000000000a"
LAMP = "0197f0a0-0000-7000-8000-000000000001"
CHARGES = "/internal/v1/charges"
APPROVED, DECLINED = "pm_card_approved", "pm_card_declined"


@pytest.fixture
def shopper(tokens: Tokens) -> dict[str, str]:
    """Headers of the one who orders."""
    return tokens.user(USER)


@pytest.fixture
def order_id(client: ContractClient, shopper: dict[str, str], inventory: FakeUpstream) -> str:
    """An order of two lamps that waits for its payment."""
    body = {"lines": [{"product_id": LAMP, "quantity": 2}]}
    placed = client.post("/api/v1/orders", json=body, headers=shopper)
    assert placed.status_code == 201
    inventory.received.clear()
    return str(body_of(placed)["id"])


def pay(
    client: ContractClient, order_id: str, headers: dict[str, str], method: str = APPROVED, **more: str
) -> TestResponse:
    path = f"/api/v1/orders/{order_id}/pay"
    return client.post(path, json={"payment_method": method}, headers={**headers, **more})


def slug(response: TestResponse) -> str:
    return str(body_of(response)["type"].removeprefix("https://shopkeeper.dev/problems/"))


def state(database: Database, order_id: str) -> str:
    return str(database.fetch_row("SELECT state FROM orders WHERE id = %s", (order_id,))["state"])


def steps(inventory: FakeUpstream, order_id: str) -> list[str]:
    return [request.path.removeprefix(f"/internal/v1/reservations/{order_id}/") for request in inventory.received]


def test_a_paid_order_is_charged_once_and_confirmed(
    client: ContractClient, shopper: dict[str, str], order_id: str, inventory: FakeUpstream, payments: FakeUpstream
) -> None:
    paid = pay(client, order_id, shopper, **{"X-Request-Id": "req-2"})
    assert (paid.status_code, body_of(paid)["id"], body_of(paid)["status"]) == (200, order_id, "confirmed")
    (charge,) = payments.received
    assert (charge.method, charge.path) == ("POST", CHARGES)
    assert charge.body == {
        "order_id": order_id,
        "user_id": USER,
        "amount": 3998,
        "currency": "EUR",
        "payment_method": APPROVED,
    }
    assert charge.headers["Authorization"] == f"Bearer {INTERNAL_TOKEN}"
    assert charge.headers["X-Request-Id"] == "req-2"
    assert steps(inventory, order_id) == ["commit"]
    for method in (APPROVED, DECLINED):
        again = pay(client, order_id, shopper, method)
        assert (again.status_code, again.json) == (200, paid.json)
    assert client.get(f"/api/v1/orders/{order_id}", headers=shopper).json == paid.json
    assert (len(payments.received), len(inventory.received)) == (1, 1)


def test_a_declined_card_fails_the_order_and_gives_the_stock_back(
    client: ContractClient, shopper: dict[str, str], order_id: str, inventory: FakeUpstream, payments: FakeUpstream
) -> None:
    declined = pay(client, order_id, shopper, DECLINED)
    assert (declined.status_code, slug(declined)) == (402, "payment-declined")
    assert body_of(client.get(f"/api/v1/orders/{order_id}", headers=shopper))["status"] == "payment_failed"
    assert steps(inventory, order_id) == ["release"]
    again = pay(client, order_id, shopper)
    assert (again.status_code, slug(again)) == (409, "order-not-payable")
    assert (len(payments.received), len(inventory.received)) == (1, 1)


@pytest.mark.parametrize("broken", [(401, {}), (409, {}), (500, None), (503, None), (201, {"status": "pending"})])
def test_a_payment_goes_on_when_payments_is_back(
    client: ContractClient,
    shopper: dict[str, str],
    database: Database,
    order_id: str,
    payments: FakeUpstream,
    broken: Answer,
) -> None:
    payments.answer("POST", CHARGES, *broken)
    failed = pay(client, order_id, shopper)
    assert (failed.status_code, failed.headers["Retry-After"]) == (503, "1")
    assert state(database, order_id) == "paying"
    asked = len(payments.received)
    other = pay(client, order_id, shopper, DECLINED)
    assert (other.status_code, slug(other), len(payments.received)) == (409, "payment-in-progress", asked)
    payments.answer("POST", CHARGES, 201, {"status": "captured"})
    paid = pay(client, order_id, shopper)
    assert (paid.status_code, body_of(paid)["status"]) == (200, "confirmed")
    assert {request.body["payment_method"] for request in payments.received} == {APPROVED}


class Interruption(NamedTuple):
    """A payment that stops at a step of the inventory, and how it ends later."""

    method: str
    step: str
    state: str
    status: int
    final: str


@pytest.mark.parametrize(
    "case",
    [
        Interruption(APPROVED, "commit", "captured", 200, "confirmed"),
        Interruption(DECLINED, "release", "declined", 402, "payment_failed"),
    ],
    ids=lambda case: case.step,
)
def test_a_payment_goes_on_when_inventory_is_back_and_does_not_charge_again(
    client: ContractClient,
    shopper: dict[str, str],
    database: Database,
    order_id: str,
    upstreams: dict[str, FakeUpstream],
    case: Interruption,
) -> None:
    path = f"/internal/v1/reservations/{order_id}/{case.step}"
    upstreams["inventory"].answer("POST", path, 503)
    failed = pay(client, order_id, shopper, case.method)
    assert (failed.status_code, state(database, order_id)) == (503, case.state)
    assert body_of(client.get(f"/api/v1/orders/{order_id}", headers=shopper))["status"] == "paying"
    upstreams["inventory"].answer("POST", path, 200, {})
    again = pay(client, order_id, shopper, case.method)
    assert (again.status_code, state(database, order_id)) == (case.status, case.final)
    assert len(upstreams["payments"].received) == 1


def test_a_slow_payment_is_a_504_and_goes_on_later(
    client: ContractClient, shopper: dict[str, str], database: Database, order_id: str, payments: FakeUpstream
) -> None:
    given_up = threading.Event()

    def slow(_request: Received) -> Answer:
        given_up.wait(10)
        return 201, {"status": "captured"}

    payments.respond("POST", CHARGES, slow)
    failed = pay(client, order_id, shopper, **{"X-Envoy-Expected-Rq-Timeout-Ms": "1000"})
    given_up.set()
    assert (failed.status_code, failed.headers["Retry-After"], state(database, order_id)) == (504, "1", "paying")
    assert pay(client, order_id, shopper).status_code == 200


def test_a_broken_connection_is_tried_again(
    client: ContractClient, shopper: dict[str, str], order_id: str, payments: FakeUpstream
) -> None:
    def breaks_once(_request: Received) -> Answer:
        if len(payments.received) == 1:
            raise ConnectionError
        return 200, {"status": "captured"}

    payments.respond("POST", CHARGES, breaks_once)
    assert pay(client, order_id, shopper).status_code == 200
    assert len(payments.received) == 2


def test_two_payments_at_once_charge_once(
    app: ServiceApp, shopper: dict[str, str], order_id: str, payments: FakeUpstream, inventory: FakeUpstream
) -> None:
    both_have_come = threading.Barrier(2)
    charged = []

    def charge(request: Received) -> Answer:
        both_have_come.wait(10)
        if request.body["order_id"] in charged:
            return 200, {"status": "captured"}
        charged.append(request.body["order_id"])
        return 201, {"status": "captured"}

    payments.respond("POST", CHARGES, charge)

    def pay_once(_number: int) -> tuple[int, Any]:
        path = f"/api/v1/orders/{order_id}/pay"
        paid = app.test_client().post(path, json={"payment_method": APPROVED}, headers=shopper)
        return paid.status_code, paid.json

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(pay_once, range(2))
    assert first == second
    assert (first[0], first[1]["status"], charged) == (200, "confirmed", [order_id])
    assert payments.received[0].body == payments.received[1].body
    assert set(steps(inventory, order_id)) == {"commit"}


def test_only_who_ordered_may_pay(
    client: ContractClient, tokens: Tokens, shopper: dict[str, str], order_id: str, payments: FakeUpstream
) -> None:
    assert pay(client, order_id, {}).status_code == 401
    assert pay(client, order_id, tokens.user()).status_code == 404
    assert pay(client, order_id, tokens.admin()).status_code == 403
    assert pay(client, new_id(), shopper).status_code == 404
    assert payments.received == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "payment_method"),
        ({"payment_method": "pm_free"}, "payment_method"),
        ({"payment_method": APPROVED, "amount": 1}, "amount"),
    ],
)
def test_a_wrong_field_is_named(
    client: ContractClient, shopper: dict[str, str], order_id: str, body: dict[str, Any], field: str
) -> None:
    refused = client.post(f"/api/v1/orders/{order_id}/pay", json=body, headers=shopper)
    assert (refused.status_code, [error["field"] for error in body_of(refused)["errors"]]) == (422, [field])
