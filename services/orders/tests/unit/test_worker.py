"""Whatever a crash leaves behind, the workers bring to an end, with neither money nor stock lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations

import pytest
import structlog

from orders.checkout import Checkout
from orders.domain import Wanted
from orders.saga import State, command
from shopkit.problems import Problem
from tests.unit.world import (
    CARD,
    DEADLINE,
    DECLINED_CARD,
    LAMP,
    SILENT_CARD,
    USER,
    Crash,
    World,
    checkout_in,
    the_order,
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
