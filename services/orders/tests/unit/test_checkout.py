"""The checkout survives a crash at every point, and another driver of the same order at every point."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import combinations

import pytest

from orders.checkout import Checkout
from orders.domain import Draft, Offer, Order, Shortage, Wanted
from orders.saga import State
from shopkit.problems import Problem
from shopkit.upstream import UpstreamError

USER = "0197f0a0-0000-7000-8000-00000000000a"
LAMP = "0197f0a0-0000-7000-8000-000000000001"
CARD, DECLINED_CARD, KEY = "pm_card_approved", "pm_card_declined", "key"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Crash(Exception):
    """The process ends here."""


@dataclass
class World:
    """Everything outside of the process that checks out. `point` is reached before and after each effect.

    The stock and the till behave as their contracts say, and fail the test on a step that contradicts another.
    """

    available: int = 5
    points: int = 0
    at_point: Callable[[int], None] = lambda _number: None
    orders: dict[str, Order] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    reservations: dict[str, str] = field(default_factory=dict)
    charges: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    effects: list[str] = field(default_factory=list)

    def point(self) -> None:
        self.points += 1
        self.at_point(self.points)

    def add(self, draft: Draft) -> Order | None:
        self.point()
        if draft.replay and (draft.user_id, draft.replay.key) in self.keys:
            return None
        fingerprint = None
        if draft.replay:
            self.keys[(draft.user_id, draft.replay.key)] = draft.id
            fingerprint = draft.replay.fingerprint
        order = Order(
            draft.id,
            draft.user_id,
            State.CREATED,
            draft.lines,
            draft.total,
            draft.currency,
            None,
            (),
            fingerprint,
            NOW,
            NOW,
        )
        self.orders[order.id] = order
        self.point()
        return order

    def of_key(self, user_id: str, key: str) -> Order | None:
        return self.orders.get(self.keys.get((user_id, key), ""))

    def get(self, order_id: str) -> Order | None:
        return self.orders.get(order_id)

    def move(
        self, order: Order, state: State, *, payment_method: str | None, shortages: Sequence[Shortage]
    ) -> Order | None:
        self.point()
        if self.orders[order.id].state is not order.state:
            return None
        moved = replace(
            order,
            state=state,
            payment_method=payment_method or order.payment_method,
            shortages=tuple(shortages) or order.shortages,
        )
        self.orders[order.id] = moved
        self.point()
        return moved

    def offers(self, product_ids: Iterable[str]) -> dict[str, Offer]:
        return {product_id: Offer("Lamp", 1999, "EUR") for product_id in product_ids}

    def reserve(self, order: Order) -> Sequence[Shortage]:
        self.point()
        known, wanted = self.reservations.get(order.id), order.lines[0].quantity
        if known == "released":
            raise UpstreamError("inventory", "the order was released before", maybe_done=False)
        if known is None:
            if wanted > self.available:
                return (Shortage(order.lines[0].product_id, wanted, self.available),)
            self.available -= wanted
            self._stock(order, "reserved")
        self.point()
        return ()

    def commit(self, order: Order) -> None:
        self.point()
        if self.reservations[order.id] != "committed":
            assert self.reservations[order.id] == "reserved"
            self._stock(order, "committed")
        self.point()

    def release(self, order: Order) -> None:
        self.point()
        known = self.reservations.get(order.id)
        if known != "released":
            assert known in (None, "reserved")
            self.available += order.lines[0].quantity if known else 0
            self._stock(order, "released")
        self.point()

    def charge(self, order: Order) -> bool:
        self.point()
        charge = (order.payment_method, order.total)
        if order.id not in self.charges:
            assert self.reservations[order.id] == "reserved"
            self.effects.append("charged")
        assert self.charges.setdefault(order.id, charge) == charge
        self.point()
        return order.payment_method == CARD

    def _stock(self, order: Order, status: str) -> None:
        self.reservations[order.id] = status
        self.effects.append(status)


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
    checkout = Checkout(world, world, world, world, "EUR")
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
    checkout = Checkout(world, world, world, world, "EUR")

    def down(number: int) -> None:
        if number == 3:
            raise UpstreamError("inventory", "inventory cannot be reached.", maybe_done=False)

    world.at_point = down
    with pytest.raises(UpstreamError, match="inventory cannot be reached"):
        checkout.place(USER, [Wanted(LAMP, 2)], KEY)
    (order,) = world.orders.values()
    assert (order.state, world.effects) == (State.CREATED, [])
    assert checkout.place(USER, [Wanted(LAMP, 2)], KEY) == replace(order, state=State.RESERVED)


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
    ],
)
def test_what_cannot_be_paid_is_left_alone(state: State, method: str, expected: tuple[int, str]) -> None:
    world = World()
    checkout = Checkout(world, world, world, world, "EUR")
    order = checkout.place(USER, [Wanted(LAMP, 2)], None)
    order = world.orders[order.id] = replace(order, state=state, payment_method=DECLINED_CARD)
    points = world.points
    assert refusal(lambda: checkout.pay(order, method)) == expected
    assert world.points == points
