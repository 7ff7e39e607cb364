"""The checkout survives a crash at every point, and another driver of the same order at every point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations

import pytest

from orders.domain import Wanted
from orders.saga import State
from shopkit.problems import Problem
from shopkit.upstream import UpstreamError
from tests.unit.world import CARD, DECLINED_CARD, LAMP, NOW, TTL, USER, Crash, World, checkout_in

KEY = "key"


@dataclass(frozen=True)
class Story:
    """What a shopper does, and what must have happened in the end."""

    quantity: int
    card: str
    state: State
    effects: list[str]
    available: int
    points: int


STORIES = [
    Story(2, CARD, State.CONFIRMED, ["reserved", "charged", "committed"], 3, 16),
    Story(2, DECLINED_CARD, State.PAYMENT_FAILED, ["reserved", "charged", "released"], 5, 16),
    Story(9, CARD, State.REJECTED, ["released"], 5, 9),
]
stories = pytest.mark.parametrize("story", STORIES, ids=lambda story: str(story.state))


def shop(world: World, story: Story) -> None:
    """Order and pay once; what the shop refuses is an answer too."""
    checkout = checkout_in(world)
    try:
        order = checkout.place(USER, [Wanted(LAMP, story.quantity)], KEY)
        checkout.pay(order, story.card)
    except Problem as problem:
        if problem.status not in (402, 409):
            raise


def shop_until_answered(world: World, story: Story) -> int:
    """Order and pay, all over again after each crash; return how many there were."""
    crashes = 0
    while True:
        try:
            shop(world, story)
        except Crash:
            crashes += 1
        else:
            return crashes


def check(world: World, story: Story) -> None:
    (order,) = world.orders.values()
    assert (order.state, world.effects, world.available) == (story.state, story.effects, story.available)
    assert list(world.charges.values()) == ([(story.card, 2 * 1999)] if "charged" in story.effects else [])


def test_there_are_as_many_points_as_the_stories_say() -> None:
    for story in STORIES:
        world = World()
        shop(world, story)
        check(world, story)
        assert world.points == story.points


@stories
def test_a_crash_at_any_point_changes_nothing_in_the_end(story: Story) -> None:
    for fatal in range(1, story.points + 1):

        def crash(number: int, fatal: int = fatal) -> None:
            if number == fatal:
                raise Crash

        world = World(at_point=crash)
        assert shop_until_answered(world, story) == 1
        check(world, story)


@stories
def test_two_crashes_change_nothing_either(story: Story) -> None:
    # The second life has more points than are left of the first: it does the step again that was interrupted.
    for first, second in combinations(range(1, story.points + 3), 2):

        def crash(number: int, fatal: tuple[int, int] = (first, second)) -> None:
            if number in fatal:
                raise Crash

        world = World(at_point=crash)
        shop_until_answered(world, story)
        check(world, story)


@stories
def test_another_driver_at_any_point_changes_nothing(story: Story) -> None:
    for moment in range(1, story.points + 1):
        world = World()

        def other_replica(number: int, world: World = world, moment: int = moment) -> None:
            if number == moment:
                shop(world, story)

        world.at_point = other_replica
        shop(world, story)
        check(world, story)


def test_stock_that_arrives_meanwhile_is_not_lost_to_a_rejected_order() -> None:
    story = STORIES[2]
    for moment in range(1, story.points + 1):
        world = World()

        def other_replica(number: int, world: World = world, moment: int = moment) -> None:
            if number == moment:
                shop(world, replace(story, card=DECLINED_CARD))
                world.available += 10

        world.at_point = other_replica
        shop(world, story)
        (order,) = world.orders.values()
        assert (order.state, world.available, world.charges) == (State.REJECTED, 15, {})


def test_an_order_stays_where_it_is_while_a_service_is_down() -> None:
    world = World()
    checkout = checkout_in(world)

    def down(number: int) -> None:
        if number == 3:
            raise UpstreamError("inventory", "inventory cannot be reached.", maybe_done=False)

    world.at_point = down
    with pytest.raises(UpstreamError, match="inventory cannot be reached"):
        checkout.place(USER, [Wanted(LAMP, 2)], KEY)
    (order,) = world.orders.values()
    assert (order.state, world.effects) == (State.CREATED, [])
    assert checkout.place(USER, [Wanted(LAMP, 2)], KEY) == replace(order, state=State.RESERVED, expires_at=NOW + TTL)


def refusal(pay: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(Problem) as refused:
        pay()
    return refused.value.status, refused.value.slug


@pytest.mark.parametrize(
    ("state", "method", "expected"),
    [
        (State.CREATED, CARD, (409, "order-not-payable")),
        (State.REFUSED, CARD, (409, "order-not-payable")),
        (State.REJECTED, CARD, (409, "order-not-payable")),
        (State.PAYMENT_FAILED, DECLINED_CARD, (409, "order-not-payable")),
        (State.PAYING, CARD, (409, "payment-in-progress")),
        (State.CAPTURED, CARD, (409, "payment-in-progress")),
        (State.DECLINED, CARD, (409, "payment-in-progress")),
        (State.VOIDING, CARD, (409, "payment-in-progress")),
        (State.REFUNDING, DECLINED_CARD, (409, "order-not-payable")),
        (State.CANCELLING, CARD, (409, "order-not-payable")),
        (State.CANCELLED, CARD, (409, "order-not-payable")),
        (State.EXPIRED, CARD, (409, "order-expired")),
    ],
)
def test_what_cannot_be_paid_is_left_alone(state: State, method: str, expected: tuple[int, str]) -> None:
    world = World()
    checkout = checkout_in(world)
    order = checkout.place(USER, [Wanted(LAMP, 2)], None)
    order = world.orders[order.id] = replace(order, state=state, payment_method=DECLINED_CARD)
    points = world.points
    assert refusal(lambda: checkout.pay(order, method)) == expected
    assert world.points == points
