"""Everything outside of the process that checks out, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from orders import saga
from orders.checkout import Checkout
from orders.domain import Claims, Draft, Offer, Order, Reservation, Shortage
from orders.ports import ReservationExpired
from orders.saga import State
from orders.worker import Worker
from shopkit.upstream import UpstreamError

USER = "0197f0a0-0000-7000-8000-00000000000a"
LAMP = "0197f0a0-0000-7000-8000-000000000001"
CARD, DECLINED_CARD, SILENT_CARD = "pm_card_approved", "pm_card_declined", "pm_card_timeout"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TTL = timedelta(minutes=15)
DEADLINE = timedelta(seconds=30)


class Crash(Exception):
    """The process ends here."""


@dataclass
class World:
    """Everything outside of the process that checks out. `point` is reached before and after each effect.

    The stock and the till behave as their contracts say, and fail the test on a step that contradicts another.
    """

    available: int = 5
    now: datetime = NOW
    points: int = 0
    at_point: Callable[[int], None] = lambda _number: None
    orders: dict[str, Order] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    reservations: dict[str, str] = field(default_factory=dict)
    charges: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    refunds: set[str] = field(default_factory=set)
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
            self.now,
            self.now,
        )
        self.orders[order.id] = order
        self.point()
        return order

    def of_key(self, user_id: str, key: str) -> Order | None:
        return self.orders.get(self.keys.get((user_id, key), ""))

    def get(self, order_id: str) -> Order | None:
        return self.orders.get(order_id)

    def move(
        self,
        order: Order,
        state: State,
        *,
        payment_method: str | None = None,
        shortages: Sequence[Shortage] = (),
        expires_at: datetime | None = None,
    ) -> Order | None:
        self.point()
        if self.orders[order.id].state is not order.state:
            return None
        moved = replace(
            order,
            state=state,
            payment_method=payment_method or order.payment_method,
            shortages=tuple(shortages) or order.shortages,
            expires_at=expires_at or order.expires_at,
            updated_at=self.now,
        )
        self.orders[order.id] = moved
        self.point()
        return moved

    def offers(self, product_ids: Iterable[str]) -> dict[str, Offer]:
        return {product_id: Offer("Lamp", 1999, "EUR") for product_id in product_ids}

    def reserve(self, order: Order) -> Reservation:
        self.point()
        known, wanted = self.reservations.get(order.id), order.lines[0].quantity
        if known == "expired":
            raise ReservationExpired
        if known == "released":
            raise UpstreamError("inventory", "the order was released before", maybe_done=False)
        if known is None:
            if wanted > self.available:
                return Reservation((Shortage(order.lines[0].product_id, wanted, self.available),))
            self.available -= wanted
            self._stock(order, "reserved")
        self.point()
        return Reservation(expires_at=NOW + TTL)

    def commit(self, order: Order) -> None:
        self.point()
        if self.reservations[order.id] == "expired":
            raise ReservationExpired
        if self.reservations[order.id] != "committed":
            assert self.reservations[order.id] == "reserved"
            self._stock(order, "committed")
        self.point()

    def release(self, order: Order) -> None:
        self.point()
        known = self.reservations.get(order.id)
        if known not in ("released", "expired"):
            assert known in (None, "reserved")
            self.available += order.lines[0].quantity if known else 0
            self._stock(order, "released")
        self.point()

    def charge(self, order: Order) -> bool:
        self.point()
        charge = (order.payment_method, order.total)
        if order.id not in self.charges:
            if order.id in self.refunds:
                return False
            assert self.reservations[order.id] in ("reserved", "expired")
            self.effects.append("charged")
        assert self.charges.setdefault(order.id, charge) == charge
        self.point()
        if order.payment_method == SILENT_CARD:
            raise UpstreamError("payments", "payments had no answer in time.", status=504, maybe_done=True)
        return order.payment_method == CARD and order.id not in self.refunds

    def refund(self, order: Order) -> None:
        self.point()
        if order.id not in self.refunds:
            self.refunds.add(order.id)
            self.effects.append("refunded")
        self.point()

    def expire(self) -> None:
        """Let an hour pass, in which the sweeper of the inventory comes by."""
        self.now += timedelta(hours=1)
        for order_id, status in self.reservations.items():
            if status == "reserved":
                self.reservations[order_id] = "expired"
                self.available += self.orders[order_id].lines[0].quantity
                self.effects.append("expired")

    def claim(self, _claims: Claims) -> Sequence[str]:
        return self.stuck()

    def stuck(self) -> list[str]:
        """Return the orders that a worker has to take up."""
        return [
            order.id
            for order in self.orders.values()
            if saga.command(order.state) or (order.state is State.RESERVED and order.reservation_over(self.now))
        ]

    def _stock(self, order: Order, status: str) -> None:
        self.reservations[order.id] = status
        self.effects.append(status)


def checkout_in(world: World) -> Checkout:
    """Return a process that checks out in this world."""
    return Checkout(world, world, world, world, "EUR", lambda: world.now)


def worker_in(world: World) -> Worker:
    """Return a process that resumes orders in this world."""
    return Worker(world, checkout_in(world), Claims(10, 2, 15, 20), DEADLINE)


def the_order(world: World) -> Order:
    """Return the only order."""
    (order,) = world.orders.values()
    return order
