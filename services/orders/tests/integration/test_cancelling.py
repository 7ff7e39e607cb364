"""Cancelling orders, on a real PostgreSQL and against real servers in the place of the other services."""

from __future__ import annotations

import pytest

from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens
from shopkit.testing.upstream import FakeUpstream
from tests.integration.stuck import (
    APPROVED,
    RESERVATIONS,
    USER,
    asked,
    place,
    put,
    states,
)

pytestmark = pytest.mark.usefixtures("products", "inventory", "payments")


@pytest.fixture
def shopper(tokens: Tokens) -> dict[str, str]:
    """Headers of the one who orders."""
    return tokens.user(USER)


def cancel(client: ContractClient, order_id: str, headers: dict[str, str]) -> tuple[int, str]:
    answer = client.post(f"/api/v1/orders/{order_id}/cancel", headers=headers)
    body = body_of(answer)
    return answer.status_code, body["status"] if answer.status_code == 200 else body["type"].rpartition("/")[2]


def test_a_reserved_order_is_cancelled_and_its_stock_given_back(
    client: ContractClient, shopper: dict[str, str], database: Database, upstreams: dict[str, FakeUpstream]
) -> None:
    order_id = place(client, shopper)
    for _ in range(2):
        assert cancel(client, order_id, shopper) == (200, "cancelled")
    assert (asked(upstreams["inventory"]), upstreams["payments"].received) == (["", "release"], [])
    paid = client.post(f"/api/v1/orders/{order_id}/pay", json={"payment_method": APPROVED}, headers=shopper)
    assert (paid.status_code, body_of(paid)["type"].rpartition("/")[2]) == (409, "order-not-payable")
    assert (states(database), upstreams["payments"].received) == ({order_id: "cancelled"}, [])


def test_a_confirmed_order_is_refunded_once_and_its_stock_stays_sold(
    client: ContractClient, shopper: dict[str, str], upstreams: dict[str, FakeUpstream]
) -> None:
    order_id = place(client, shopper)
    client.post(f"/api/v1/orders/{order_id}/pay", json={"payment_method": APPROVED}, headers=shopper)
    for _ in range(2):
        assert cancel(client, order_id, shopper) == (200, "cancelled")
    assert asked(upstreams["inventory"]) == ["", "commit"]
    assert asked(upstreams["payments"]) == ["charges", "refunds"]
    assert upstreams["payments"].received[1].body == {"order_id": order_id}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("paying", "payment-in-progress"),
        ("captured", "payment-in-progress"),
        ("voiding", "payment-in-progress"),
        ("rejected", "order-not-cancellable"),
        ("payment_failed", "order-not-cancellable"),
        ("expired", "order-not-cancellable"),
    ],
)
def test_what_cannot_be_cancelled_stays_as_it_is(
    client: ContractClient,
    shopper: dict[str, str],
    database: Database,
    upstreams: dict[str, FakeUpstream],
    state: str,
    expected: str,
) -> None:
    order_id = place(client, shopper)
    put(database, order_id, state)
    assert cancel(client, order_id, shopper) == (409, expected)
    assert states(database) == {order_id: state}
    assert (asked(upstreams["inventory"]), upstreams["payments"].received) == ([""], [])


def test_a_cancellation_goes_on_when_the_services_are_back(
    client: ContractClient, shopper: dict[str, str], database: Database, upstreams: dict[str, FakeUpstream]
) -> None:
    order_id = place(client, shopper)
    path = f"{RESERVATIONS}/{order_id}/release"
    upstreams["inventory"].answer("POST", path, 503)
    assert cancel(client, order_id, shopper) == (503, "upstream-unavailable")
    shown = body_of(client.get(f"/api/v1/orders/{order_id}", headers=shopper))
    assert (shown["status"], states(database)) == ("cancelling", {order_id: "cancelling"})
    upstreams["inventory"].answer("POST", path, 200, {})
    assert cancel(client, order_id, shopper) == (200, "cancelled")


def test_an_order_is_cancelled_by_its_owner_and_administrators(
    client: ContractClient, tokens: Tokens, shopper: dict[str, str], database: Database, inventory: FakeUpstream
) -> None:
    first, second = place(client, shopper), place(client, shopper)
    assert cancel(client, first, {}) == (401, "unauthorized")
    assert cancel(client, first, tokens.user()) == (404, "not-found")
    assert cancel(client, new_id(), shopper) == (404, "not-found")
    assert (states(database), asked(inventory)) == ({first: "reserved", second: "reserved"}, ["", ""])
    assert cancel(client, first, shopper) == (200, "cancelled")
    assert cancel(client, second, tokens.admin()) == (200, "cancelled")
