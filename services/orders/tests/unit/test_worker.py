"""Whatever a crash leaves behind, the workers bring to an end, with neither money nor stock lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations

import pytest
import structlog

from orders.checkout import Checkout
from orders.domain import Claims, Order, Wanted
from orders.saga import State, command
from orders.worker import Worker
from shopkit import lifecycle
from shopkit.problems import Problem
from shopkit.upstream import UpstreamError
from tests.unit.world import (
    CARD,
    DEADLINE,
    DECLINED_CARD,
    LAMP,
    SILENT_CARD,
    TTL,
    USER,
    Crash,
    World,
    checkout_in,
    worker_in,
)

Step = Callable[[World, Checkout], None]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of crashes would print as many lines."""
    with structlog.testing.capture_logs():
        yield


def place(quantity: int) -> Step:
    def step(_world: World, checkout: Checkout) -> None:
        checkout.place(USER, [Wanted(LAMP, quantity)], "key")

    return step


def pay(card: str) -> Step:
    def step(world: World, checkout: Checkout) -> None:
        checkout.pay(the_order(world), card)

    return step


def cancel(world: World, checkout: Checkout) -> None:
    checkout.cancel(the_order(world))


def wait(world: World, _checkout: Checkout) -> None:
    world.expire()


def the_order(world: World) -> Order:
    (order,) = world.orders.values()
    return order


@dataclass(frozen=True)
class Story:
    """What a shopper does, and how it ends when nothing crashes."""

    steps: Sequence[Step]
    state: State
    effects: list[str]
    available: int


STORIES = {
    "paid": Story([place(2), pay(CARD)], State.CONFIRMED, ["reserved", "charged", "committed"], 3),
    "declined": Story([place(2), pay(DECLINED_CARD)], State.PAYMENT_FAILED, ["reserved", "charged", "released"], 5),
    "rejected": Story([place(9)], State.REJECTED, ["released"], 5),
    "silent": Story(
        [place(2), pay(SILENT_CARD)], State.PAYMENT_FAILED, ["reserved", "charged", "refunded", "released"], 5
    ),
    "cancelled": Story([place(2), cancel], State.CANCELLED, ["reserved", "released"], 5),
    "refunded": Story(
        [place(2), pay(CARD), cancel], State.CANCELLED, ["reserved", "charged", "committed", "refunded"], 3
    ),
    "forgotten": Story([place(2), wait], State.EXPIRED, ["reserved", "expired"], 5),
    "too late": Story([place(2), wait, pay(CARD)], State.EXPIRED, ["reserved", "expired"], 5),
}
stories = pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)


def shop(world: World, story: Story) -> None:
    """Do what the shopper does; what the shop refuses is an answer too."""
    checkout = checkout_in(world)
    for step in story.steps:
        with suppress(Problem):
            step(world, checkout)


def work(world: World) -> None:
    """Let workers run until there is nothing to do, the next one after a crash, and time pass."""
    for _ in range(10):
        with suppress(Crash):
            worker_in(world).run()
        world.now += DEADLINE
        if not world.stuck():
            return
    raise AssertionError(f"after ten workers: {[order.state for order in world.orders.values()]}")


def check(world: World) -> None:
    """No money is taken and no stock held but for a confirmed order, and each thing is done once."""
    sold = 0
    for order in world.orders.values():
        reservation, taken = world.reservations.get(order.id), order.id in world.charges
        assert command(order.state) is None, "it is final"
        assert order.state is not State.RESERVED, "it is final"
        if order.state is State.CONFIRMED:
            assert (reservation, world.charges[order.id], order.id in world.refunds) == (
                "committed",
                (CARD, order.total),
                False,
            )
        elif taken and world.charges[order.id][0] != DECLINED_CARD:
            assert order.id in world.refunds
        if order.state is State.CANCELLED and reservation == "committed":
            assert order.id in world.refunds
        elif order.state is not State.CONFIRMED:
            assert reservation in (None, "released", "expired")
        sold += order.lines[0].quantity if reservation == "committed" else 0
    assert world.available == 5 - sold
    assert len(set(world.effects)) == len(world.effects)


def points_of(story: Story) -> int:
    world = World()
    shop(world, story)
    work(world)
    return world.points


@stories
def test_what_the_shopper_began_comes_to_its_end(story: Story) -> None:
    world = World()
    shop(world, story)
    work(world)
    check(world)
    assert (the_order(world).state, world.effects, world.available) == (story.state, story.effects, story.available)


@stories
def test_after_a_crash_at_any_point_the_workers_finish(story: Story) -> None:
    for fatal in range(1, points_of(story) + 1):
        world = World(at_point=crash_at(fatal))
        with suppress(Crash):
            shop(world, story)
        work(world)
        world.expire()
        work(world)
        check(world)


@stories
def test_after_two_crashes_the_workers_finish(story: Story) -> None:
    for fatal in combinations(range(1, points_of(story) + 3), 2):
        world = World(at_point=crash_at(*fatal))
        with suppress(Crash):
            shop(world, story)
        work(world)
        world.expire()
        work(world)
        check(world)


@stories
def test_another_worker_at_any_point_changes_nothing(story: Story) -> None:
    for moment in range(1, points_of(story) + 1):
        world = World()

        def other_replica(number: int, world: World = world, moment: int = moment) -> None:
            if number == moment:
                worker_in(world).run()

        world.at_point = other_replica
        shop(world, story)
        work(world)
        check(world)
        assert (the_order(world).state, world.available) == (story.state, story.available)


@stories
def test_a_cancellation_at_any_point_leaves_nothing_behind(story: Story) -> None:
    for moment in range(1, points_of(story) + 1):
        world = World()

        def impatient(number: int, world: World = world, moment: int = moment) -> None:
            if number == moment:
                for order in list(world.orders.values()):
                    with suppress(Problem):
                        checkout_in(world).cancel(order)

        world.at_point = impatient
        shop(world, story)
        work(world)
        check(world)


@stories
def test_time_that_is_over_at_any_point_leaves_nothing_behind(story: Story) -> None:
    for moment in range(1, points_of(story) + 1):
        world = World()

        def sweeper(number: int, world: World = world, moment: int = moment) -> None:
            if number == moment:
                world.expire()

        world.at_point = sweeper
        shop(world, story)
        world.expire()
        work(world)
        check(world)


def crash_at(*fatal: int) -> Callable[[int], None]:
    def at_point(number: int) -> None:
        if number in fatal:
            raise Crash

    return at_point


def test_a_payment_is_given_up_only_after_its_deadline() -> None:
    world = World()
    shop(world, STORIES["silent"])
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
