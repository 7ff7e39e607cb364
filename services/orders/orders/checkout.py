"""The checkout: drives orders through the saga, storing each state before and after each remote step.

There are no locks and no transaction spans a remote call. A state changes by a conditional update, so of two that
drive the same order (a replay, a retry, another replica) one stores the change, and the other goes on from there;
the remote steps that both may have done are idempotent by order id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from orders import domain, refusals, saga
from orders.domain import Draft, Order, Replay, Shortage, Wanted
from orders.ports import Catalogue, OrderStore, ReservationExpired, Stock, Till
from orders.saga import Command, Event, State, Verdict
from shopkit import problems
from shopkit.ids import new_id
from shopkit.upstream import UpstreamError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What came of a remote step, and what it adds to the order."""

    event: Event
    shortages: Sequence[Shortage] = ()
    expires_at: datetime | None = None


class Checkout:
    """Places, pays and cancels orders.

    Args:
        orders: where they are kept.
        catalogue: names and prices.
        stock: reservations.
        till: charges.
        currency: ISO 4217 code of the shop.
        clock: the present time.
    """

    def __init__(
        self,
        orders: OrderStore,
        catalogue: Catalogue,
        stock: Stock,
        till: Till,
        currency: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._orders = orders
        self._catalogue = catalogue
        self._stock = stock
        self._till = till
        self._currency = currency
        self._clock = clock

    def place(self, user_id: str, wanted: Sequence[Wanted], key: str | None) -> Order:
        """Place an order and reserve its stock; under the key of an earlier request, go on with that order.

        Raises:
            Problem: 409 too little stock; 422 lines are wrong, or the key belongs to another request; 503 and 504
                another service did not answer, and the order stays where it is.
        """
        if faults := domain.repeated(wanted):
            raise problems.invalid(faults)
        replay = Replay(key, domain.fingerprint(wanted)) if key is not None else None
        order = self._placed_before(user_id, replay) or self._create(user_id, wanted, replay)
        order = self.advance(order)
        if order.state is State.REJECTED:
            raise refusals.insufficient_stock(order)
        return order

    def pay(self, order: Order, method: str) -> Order:
        """Pay a reserved order, or go on with a payment that was interrupted.

        Raises:
            Problem: 402 the payment was declined; 409 the order cannot be paid, or no longer; 503 and 504 another
                service did not answer, and the order stays where it is.
        """
        over = order.reservation_over(self._clock())
        verdict = saga.on_pay(order.state, order.payment_method, method, over=over)
        if verdict is Verdict.BEGIN:
            order = self._record(order, Event.PAYMENT_REQUESTED, payment_method=method)
        elif order.state is State.RESERVED:
            order = self._record(order, Event.RESERVATION_OVER)
        verdict = saga.on_pay(order.state, order.payment_method, method, over=over)
        if verdict is Verdict.OTHER_METHOD:
            raise refusals.other_method(order)
        if verdict is Verdict.REFUSE:
            raise refusals.not_payable(order)
        order = self.advance(order)
        if order.state is State.PAYMENT_FAILED:
            raise refusals.payment_declined(order)
        if order.state is State.EXPIRED:
            raise refusals.expired(order)
        return order

    def cancel(self, order: Order) -> Order:
        """Cancel an order: give its stock back, or its money if it is confirmed.

        Raises:
            Problem: 409 the order is being paid, or has ended in another way; 503 and 504 another service did not
                answer, and the order stays where it is.
        """
        if saga.on_cancel(order.state) is Verdict.BEGIN:
            order = self._record(order, Event.CANCEL_REQUESTED)
        verdict = saga.on_cancel(order.state)
        if verdict is Verdict.IN_PROGRESS:
            raise refusals.being_paid(order)
        if verdict is Verdict.REFUSE:
            raise refusals.not_cancellable(order)
        if verdict is Verdict.BEGIN:
            # Another has moved it meanwhile, from where it can be cancelled to where it can be as well.
            return self.cancel(order)
        return self.advance(order)

    def resume(self, order_id: str, payment_deadline: timedelta) -> None:
        """Take up an order that was left behind, and drive it as far as it goes.

        Args:
            order_id: the order.
            payment_deadline: after which a payment whose outcome cannot be learnt is given up.

        Raises:
            Problem: 503 and 504; another service did not answer. The order can be resumed again.
        """
        order = self._current(order_id)
        if order.state is State.RESERVED and order.reservation_over(self._clock()):
            order = self._record(order, Event.RESERVATION_OVER)
        try:
            self.advance(order)
        except UpstreamError:
            order = self._current(order_id)
            if not order.payment_overdue(self._clock(), payment_deadline):
                raise
            self.advance(self._record(order, Event.PAYMENT_OVERDUE))

    def advance(self, order: Order) -> Order:
        """Do the remote steps that come next, until it is the shopper's turn or the order is final.

        Raises:
            Problem: 503 and 504; another service did not answer. The order can be advanced again.
        """
        while (command := saga.command(order.state)) is not None:
            try:
                outcome = self._perform(command, order)
            except UpstreamError as failure:
                order = self._despite(failure, order, command)
            else:
                order = self._record(order, outcome.event, shortages=outcome.shortages, expires_at=outcome.expires_at)
        if order.state is State.UNKNOWN:
            raise refusals.of_later_release(order)
        return order

    def _placed_before(self, user_id: str, replay: Replay | None) -> Order | None:
        if replay is None:
            return None
        order = self._orders.of_key(user_id, replay.key)
        if order is not None and order.fingerprint != replay.fingerprint:
            raise refusals.key_reused()
        return order

    def _create(self, user_id: str, wanted: Sequence[Wanted], replay: Replay | None) -> Order:
        offers = self._catalogue.offers([line.product_id for line in wanted])
        lines, faults = domain.price(wanted, offers, self._currency)
        if faults:
            raise problems.invalid(faults)
        draft = Draft(new_id(), user_id, lines, domain.total_of(lines), self._currency, replay)
        # The same request at the same time may have come first: then its order is this one's too.
        order = self._orders.add(draft) or self._placed_before(user_id, replay)
        if order is None:
            raise LookupError(f"order {draft.id} is neither stored nor stored before")
        return order

    def _perform(self, command: Command, order: Order) -> Outcome:
        try:
            return self._ask(command, order)
        except ReservationExpired:
            return Outcome(Event.RESERVATION_OVER)

    def _ask(self, command: Command, order: Order) -> Outcome:
        if command is Command.RESERVE:
            reservation = self._stock.reserve(order)
            if reservation.shortages:
                return Outcome(Event.STOCK_INSUFFICIENT, shortages=reservation.shortages)
            return Outcome(Event.STOCK_RESERVED, expires_at=reservation.expires_at)
        if command is Command.CHARGE:
            return Outcome(Event.CHARGE_CAPTURED if self._till.charge(order) else Event.CHARGE_DECLINED)
        if command is Command.COMMIT:
            self._stock.commit(order)
            return Outcome(Event.STOCK_COMMITTED)
        if command is Command.REFUND:
            self._till.refund(order)
            return Outcome(Event.MONEY_RETURNED)
        self._stock.release(order)
        return Outcome(Event.STOCK_RELEASED)

    def _record(
        self,
        order: Order,
        event: Event,
        *,
        payment_method: str | None = None,
        shortages: Sequence[Shortage] = (),
        expires_at: datetime | None = None,
    ) -> Order:
        """Store what happened; return the order as it then is, which another may have moved further."""
        state = saga.after(order.state, event)
        moved = self._orders.move(
            order, state, payment_method=payment_method, shortages=shortages, expires_at=expires_at
        )
        if moved is not None:
            _log.info("an order moved on", order_id=order.id, before=order.state, state=state)
            return moved
        return self._current(order.id)

    def _despite(self, failure: UpstreamError, order: Order, command: Command) -> Order:
        """Return the order if another has moved it meanwhile, which made this step moot; else raise the failure."""
        current = self._current(order.id)
        if current.state is order.state:
            _log.warning("an order cannot go on now", order_id=order.id, step=command, cause=failure.detail)
            raise failure
        return current

    def _current(self, order_id: str) -> Order:
        current = self._orders.get(order_id)
        if current is None:
            raise LookupError(f"order {order_id} is gone")
        return current
