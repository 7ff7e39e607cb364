"""What the worker and the time decide about single orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from orders.domain import Claims, Wanted
from orders.saga import State
from orders.worker import Worker
from shopkit import lifecycle
from shopkit.problems import Problem
from shopkit.upstream import UpstreamError
from tests.unit.world import CARD, DEADLINE, LAMP, SILENT_CARD, TTL, USER, World, checkout_in, the_order, worker_in


def begin_silent_payment(world: World) -> None:
    order = checkout_in(world).place(USER, [Wanted(LAMP, 2)], None)
    with pytest.raises(UpstreamError):
        checkout_in(world).pay(order, SILENT_CARD)


def test_a_payment_is_given_up_only_after_its_deadline() -> None:
    world = World()
    begin_silent_payment(world)
    world.now += DEADLINE - timedelta(seconds=1)
    assert worker_in(world).run() is False
    assert (the_order(world).state, world.effects) == (State.PAYING, ["reserved", "charged"])
    world.now += timedelta(seconds=1)
    worker_in(world).run()
    assert (the_order(world).state, world.effects[2:]) == (State.PAYMENT_FAILED, ["refunded", "released"])


def test_a_payment_that_is_answered_late_is_confirmed_all_the_same() -> None:
    world = World()
    order = checkout_in(world).place(USER, [Wanted(LAMP, 2)], None)
    world.orders[order.id] = replace(order, state=State.PAYING, payment_method=CARD)
    world.now += 2 * DEADLINE
    worker_in(world).run()
    assert (the_order(world).state, world.refunds) == (State.CONFIRMED, set())


def test_an_order_is_not_paid_when_its_time_is_over() -> None:
    world = World()
    order = checkout_in(world).place(USER, [Wanted(LAMP, 2)], None)
    world.now += TTL
    with pytest.raises(Problem) as refused:
        checkout_in(world).pay(order, CARD)
    assert (refused.value.status, refused.value.slug) == (409, "order-expired")
    assert (the_order(world).state, world.charges, world.available) == (State.EXPIRED, {}, 5)


def test_a_charge_whose_stock_is_gone_is_refunded() -> None:
    world = World()
    order = checkout_in(world).place(USER, [Wanted(LAMP, 2)], None)
    world.orders[order.id] = replace(order, state=State.CAPTURED, payment_method=CARD)
    world.charges[order.id] = (CARD, order.total)
    world.expire()
    with pytest.raises(Problem) as refused:
        checkout_in(world).pay(the_order(world), CARD)
    assert (refused.value.status, refused.value.slug) == (402, "payment-declined")
    assert (the_order(world).state, world.refunds, world.available) == (State.PAYMENT_FAILED, {order.id}, 5)


@pytest.mark.parametrize(
    ("state", "slug"),
    [
        (State.PAYING, "payment-in-progress"),
        (State.CAPTURED, "payment-in-progress"),
        (State.DECLINED, "payment-in-progress"),
        (State.VOIDING, "payment-in-progress"),
        (State.REFUSED, "order-not-cancellable"),
        (State.REJECTED, "order-not-cancellable"),
        (State.PAYMENT_FAILED, "order-not-cancellable"),
        (State.EXPIRING, "order-not-cancellable"),
        (State.EXPIRED, "order-not-cancellable"),
    ],
)
def test_what_cannot_be_cancelled_is_left_alone(state: State, slug: str) -> None:
    world = World()
    order = checkout_in(world).place(USER, [Wanted(LAMP, 2)], None)
    order = world.orders[order.id] = replace(order, state=state, payment_method=CARD)
    points = world.points
    with pytest.raises(Problem) as refused:
        checkout_in(world).cancel(order)
    assert (refused.value.status, refused.value.slug, world.points) == (409, slug, points)


def test_an_order_that_cannot_go_on_does_not_hold_up_the_others() -> None:
    world = World(available=100)
    orders = [checkout_in(world).place(USER, [Wanted(LAMP, 1)], None) for _ in range(3)]
    for order in orders:
        world.orders[order.id] = replace(order, state=State.CAPTURED)
    broken = iter((UpstreamError("inventory", "inventory cannot be reached.", maybe_done=False), KeyError("a bug")))

    def fail(number: int) -> None:
        if error := next(broken, None):
            raise error

    world.at_point = fail
    with structlog.testing.capture_logs() as logs:
        assert worker_in(world).run() is False
    assert [order.state for order in world.orders.values()] == [State.CAPTURED, State.CAPTURED, State.CONFIRMED]
    assert [(line["event"], line["order_id"]) for line in logs if "stuck" in line["event"]] == [
        ("a stuck order is tried again later", orders[0].id),
        ("a stuck order cannot be resumed", orders[1].id),
    ]


def test_a_full_batch_is_followed_by_another_and_none_begins_at_the_end() -> None:
    world = World(available=100)
    for _ in range(2):
        order = checkout_in(world).place(USER, [Wanted(LAMP, 1)], None)
        world.orders[order.id] = replace(order, state=State.CAPTURED)
    full = Worker(world, checkout_in(world), Claims(10, 2, 15, 2), DEADLINE)
    lifecycle.begin_drain()
    try:
        assert full.run() is False
    finally:
        lifecycle.reset()
    assert {order.state for order in world.orders.values()} == {State.CAPTURED}
    assert full.run() is True
    assert {order.state for order in world.orders.values()} == {State.CONFIRMED}
    assert full.run() is False
