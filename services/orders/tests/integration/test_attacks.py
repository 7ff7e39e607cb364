"""Attacks on orders, on a real PostgreSQL: what is refused changes nothing, and asks no other service for anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from shopkit.database import Database
from shopkit.testing import attacks
from shopkit.testing.attacks import Target
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens
from shopkit.testing.upstream import FakeUpstream
from tests.integration.stuck import APPROVED, LAMP, USER, place

ORDER = {"lines": [{"product_id": LAMP, "quantity": 2}]}
BODIES = {
    "POST /api/v1/orders": ORDER,
    "PUT /api/v1/cart": ORDER,
    "POST /api/v1/orders/<id:order_id>/pay": {"payment_method": APPROVED},
}


@pytest.fixture
def target(
    client: ContractClient,
    database: Database,
    tokens: Tokens,
    products: FakeUpstream,
    inventory: FakeUpstream,
    payments: FakeUpstream,
) -> Target:
    """A reserved order and a cart."""
    order_id = place(client, tokens.user(USER))
    assert client.put("/api/v1/cart", json=ORDER, headers=tokens.user(USER)).status_code == 200
    return Target(client, database, tokens, {"order_id": order_id}, BODIES, USER)


@pytest.fixture
def unasked(target: Target, upstreams: dict[str, FakeUpstream]) -> Iterator[None]:
    """No other service is asked for anything while the test goes on."""
    before = {name: len(other.received) for name, other in upstreams.items()}
    yield
    assert {name: len(other.received) for name, other in upstreams.items()} == before


@pytest.mark.usefixtures("unasked")
@pytest.mark.parametrize(
    ("attack", "least"),
    [
        (attacks.forged_tokens_change_nothing, 100),
        (attacks.foreign_fields_change_nothing, 30),
        (attacks.monstrous_bodies_change_nothing, 9),
        (attacks.injections_change_nothing, 40),
    ],
)
def test_an_attack_changes_nothing(target: Target, attack: Callable[[Target], int], least: int) -> None:
    assert attack(target) >= least


@pytest.mark.usefixtures("unasked")
def test_other_peoples_orders_are_not_there(target: Target, tokens: Tokens) -> None:
    eve, before = tokens.user(), target.rows()
    path = f"/api/v1/orders/{target.ids['order_id']}"
    answers = [
        target.client.get(path, headers=eve),
        target.client.post(f"{path}/pay", json={"payment_method": APPROVED}, headers=eve),
        target.client.post(f"{path}/cancel", headers=eve),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert body_of(target.client.get("/api/v1/orders", headers=eve))["items"] == []
    assert body_of(target.client.get("/api/v1/cart", headers=eve))["lines"] == []
    assert target.client.delete("/api/v1/cart", headers=eve).status_code == 204
    assert target.rows() == before


def test_a_key_of_sql_is_a_key(target: Target, tokens: Tokens) -> None:
    headers = {**tokens.user(USER), "Idempotency-Key": "'); DELETE FROM orders; --"}
    first, again = (target.client.post("/api/v1/orders", json=ORDER, headers=headers) for _ in range(2))
    assert (first.status_code, body_of(first)) == (201, body_of(again))
    assert target.database.fetch_row("SELECT count(*) AS n FROM orders") == {"n": 2}
