"""Stuck orders, on a real PostgreSQL and against real servers in the place of the other services."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NamedTuple

import pytest

from orders.domain import Claims
from orders.repository import OrderRepository
from orders.saga import State
from orders.worker import Worker
from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens
from shopkit.testing.upstream import FakeUpstream
from tests.integration.stuck import (
    APPROVED,
    CHARGES,
    DEADLINE,
    NOW,
    USER,
    asked,
    place,
    put,
    replica,
    states,
)

pytestmark = pytest.mark.usefixtures("products", "inventory", "payments")


@pytest.fixture
def shopper(tokens: Tokens) -> dict[str, str]:
    """Headers of the one who orders."""
    return tokens.user(USER)


def worker_of(app: ServiceApp) -> Worker:
    """Return the worker of another replica."""
    desk = replica(app)
    return Worker(desk.orders, desk.checkout, NOW, DEADLINE)


class Left(NamedTuple):
    """A state that an order is left in, how it ends, and what inventory and payments are asked on the way."""

    state: str
    final: str
    stock: list[str]
    money: list[str]


@pytest.mark.parametrize(
    "case",
    [
        Left("created", "reserved", [""], []),
        Left("refused", "rejected", ["release"], []),
        Left("paying", "confirmed", ["commit"], ["charges"]),
        Left("captured", "confirmed", ["commit"], []),
        Left("declined", "payment_failed", ["release"], []),
        Left("voiding", "payment_failed", ["release"], ["refunds"]),
        Left("refunding", "cancelled", [], ["refunds"]),
        Left("cancelling", "cancelled", ["release"], []),
        Left("expiring", "expired", ["release"], []),
    ],
    ids=lambda case: str(case.state),
)
def test_a_stuck_order_is_brought_to_its_end(
    client: ContractClient,
    shopper: dict[str, str],
    database: Database,
    app: ServiceApp,
    upstreams: dict[str, FakeUpstream],
    case: Left,
) -> None:
    order_id = place(client, shopper)
    put(database, order_id, case.state)
    upstreams["inventory"].received.clear()
    worker = worker_of(app)
    assert worker.run() is False
    assert states(database) == {order_id: case.final}
    assert (asked(upstreams["inventory"]), asked(upstreams["payments"])) == (case.stock, case.money)
    worker.run()
    assert len(upstreams["inventory"].received) + len(upstreams["payments"].received) == len(case.stock) + len(
        case.money
    )


@pytest.mark.parametrize("state", ["reserved", "rejected", "confirmed", "payment_failed", "cancelled", "expired"])
def test_what_waits_for_nobody_is_left_alone(
    client: ContractClient, shopper: dict[str, str], database: Database, state: str
) -> None:
    put(database, place(client, shopper), state)
    assert OrderRepository(database).claim(NOW) == []


def test_an_order_that_is_on_its_way_is_left_alone(
    client: ContractClient, shopper: dict[str, str], database: Database
) -> None:
    fresh, stuck = place(client, shopper), place(client, shopper)
    put(database, fresh, "paying", "9 seconds")
    put(database, stuck, "paying", "11 seconds")
    assert OrderRepository(database).claim(Claims(10, 2, 15, 100)) == [stuck]


def test_a_claim_is_a_lease_that_grows(client: ContractClient, shopper: dict[str, str], database: Database) -> None:
    order_id, orders = place(client, shopper), OrderRepository(database)
    put(database, order_id, "paying")
    pauses = []
    for _ in range(5):
        assert orders.claim(Claims(10, 2, 15, 100)) == [order_id]
        assert orders.claim(Claims(10, 2, 15, 100)) == []
        row = database.fetch_row("SELECT round(extract(epoch FROM retry_at - now()))::integer AS pause FROM orders")
        pauses.append(row["pause"])
        database.execute("UPDATE orders SET retry_at = now()")
    assert pauses == [2, 4, 8, 15, 15]
    order = orders.get(order_id)
    assert order is not None
    assert orders.move(order, State.CAPTURED) is not None
    row = database.fetch_row("SELECT attempts, retry_at FROM orders")
    assert row == {"attempts": 0, "retry_at": None}


def test_an_order_that_another_is_claiming_is_passed_over(
    client: ContractClient, shopper: dict[str, str], database: Database
) -> None:
    ids = [place(client, shopper) for _ in range(2)]
    for order_id in ids:
        put(database, order_id, "captured")
    with database.transaction() as other:
        other.fetch_row("SELECT id FROM orders WHERE id = %s FOR UPDATE", (ids[0],))
        assert OrderRepository(database).claim(NOW) == [ids[1]]


def test_the_oldest_come_first(client: ContractClient, shopper: dict[str, str], database: Database) -> None:
    ids = [place(client, shopper) for _ in range(3)]
    for order_id, since in zip(ids, ("1 hour", "3 hours", "2 hours"), strict=True):
        put(database, order_id, "captured", since)
    orders = OrderRepository(database)
    assert orders.claim(Claims(10, 2, 15, 1)) == [ids[1]]
    assert orders.claim(Claims(10, 2, 15, 1)) == [ids[2]]


def test_an_order_that_was_not_paid_in_time_expires(
    client: ContractClient, shopper: dict[str, str], database: Database, app: ServiceApp, inventory: FakeUpstream
) -> None:
    order_id, other = place(client, shopper), place(client, shopper)
    database.execute("UPDATE orders SET expires_at = now() WHERE id = %s", (order_id,))
    worker_of(app).run()
    assert states(database) == {order_id: "expired", other: "reserved"}
    assert asked(inventory)[2:] == ["release"]
    shown = body_of(client.get(f"/api/v1/orders/{order_id}", headers=shopper))
    assert (shown["status"], shown["expires_at"]) == ("expired", None)


def test_paying_too_late_is_refused_and_charges_nothing(
    client: ContractClient, shopper: dict[str, str], database: Database, upstreams: dict[str, FakeUpstream]
) -> None:
    order_id = place(client, shopper)
    database.execute("UPDATE orders SET expires_at = now()")
    for _ in range(2):
        refused = client.post(f"/api/v1/orders/{order_id}/pay", json={"payment_method": APPROVED}, headers=shopper)
        assert (refused.status_code, body_of(refused)["type"].rpartition("/")[2]) == (409, "order-expired")
    assert states(database) == {order_id: "expired"}
    assert asked(upstreams["inventory"]) == ["", "release"]
    assert upstreams["payments"].received == []


def test_a_payment_that_is_never_answered_is_given_up(
    client: ContractClient,
    shopper: dict[str, str],
    database: Database,
    app: ServiceApp,
    upstreams: dict[str, FakeUpstream],
) -> None:
    order_id = place(client, shopper)
    problem = {"type": "https://shopkeeper.dev/problems/provider-timeout"}
    upstreams["payments"].answer("POST", CHARGES, 504, problem)
    paid = client.post(f"/api/v1/orders/{order_id}/pay", json={"payment_method": APPROVED}, headers=shopper)
    assert (paid.status_code, states(database)) == (504, {order_id: "paying"})
    assert asked(upstreams["payments"]) == ["charges"], "it is not asked again at once"
    worker = worker_of(app)
    worker.run()
    assert states(database) == {order_id: "paying"}, "the deadline has not come"
    put(database, order_id, "paying", "31 seconds")
    database.execute("UPDATE orders SET retry_at = NULL")
    worker.run()
    assert states(database) == {order_id: "payment_failed"}
    assert asked(upstreams["payments"]) == ["charges"] * 3 + ["refunds"]
    assert asked(upstreams["inventory"]) == ["", "release"]
    assert upstreams["payments"].received[-1].body == {"order_id": order_id}


def test_two_replicas_share_the_work(
    client: ContractClient,
    app: ServiceApp,
    shopper: dict[str, str],
    database: Database,
    upstreams: dict[str, FakeUpstream],
) -> None:
    left = ["created", "paying", "captured", "declined", "cancelling", "refunding", "voiding", "expiring"] * 3
    ids = [place(client, shopper) for _ in left]
    for order_id, state in zip(ids, left, strict=True):
        put(database, order_id, state)
    for upstream in upstreams.values():
        upstream.received.clear()
    start = Barrier(2)

    def work(_number: int) -> None:
        desk = replica(app)
        worker = Worker(desk.orders, desk.checkout, Claims(10, 60, 60, 5), DEADLINE)
        start.wait(timeout=30)
        while worker.run():
            pass

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, range(2)))
    ends = {
        "created": "reserved",
        "paying": "confirmed",
        "captured": "confirmed",
        "declined": "payment_failed",
        "cancelling": "cancelled",
        "refunding": "cancelled",
        "voiding": "payment_failed",
        "expiring": "expired",
    }
    assert states(database) == {order_id: ends[state] for order_id, state in zip(ids, left, strict=True)}
    # Each order was claimed by one of them, so each step was asked for once.
    assert Counter(asked(upstreams["inventory"])) == {"": 3, "commit": 6, "release": 12}
    assert Counter(asked(upstreams["payments"])) == {"charges": 3, "refunds": 6}


def test_the_service_works_by_itself(app: ServiceApp) -> None:
    assert [(job.name, job.seconds) for job in app.runtime.background.jobs] == [("resume-orders", 1.0)]
