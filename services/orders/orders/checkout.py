"""The checkout: drives orders through the saga, storing each state before and after each remote step.

There are no locks and no transaction spans a remote call. A state changes by a conditional update, so of two that
drive the same order (a replay, a retry, another replica) one stores the change, and the other goes on from there;
the remote steps that both may have done are idempotent by order id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import structlog

from orders import domain, refusals, saga
from orders.domain import Draft, Offer, Order, Replay, Shortage, Wanted
from orders.saga import Command, Event, State, Verdict
from shopkit import problems
from shopkit.ids import new_id
from shopkit.upstream import UpstreamError

_log = structlog.get_logger(__name__)


class OrderStore(Protocol):
    """Where orders are kept; each method is one durable step."""

    def add(self, draft: Draft) -> Order | None:
        """Store a new order as `created`; None when its user has an order under the same key."""

    def of_key(self, user_id: str, key: str) -> Order | None:
        """Return the order placed under an Idempotency-Key."""

    def get(self, order_id: str) -> Order | None:
        """Return an order."""

    def move(
        self, order: Order, state: State, *, payment_method: str | None, shortages: Sequence[Shortage]
    ) -> Order | None:
        """Store the next state of an order; None when it is no longer in the state it is given in.

        A method of None and empty shortages leave what is stored.
        """


class Catalogue(Protocol):
    """Where products are described; see orders.clients.Catalogue."""

    def offers(self, product_ids: Iterable[str]) -> Mapping[str, Offer]:
        """Return name and price of each product that exists."""


class Stock(Protocol):
    """Where stock is set aside; see orders.clients.Stock."""

    def reserve(self, order: Order) -> Sequence[Shortage]:
        """Set the pieces aside, or say what is short."""

    def commit(self, order: Order) -> None:
        """Take the reserved pieces out of the stock."""

    def release(self, order: Order) -> None:
        """Give the pieces back."""


class Till(Protocol):
    """Where orders are charged; see orders.clients.Till."""

    def charge(self, order: Order) -> bool:
        """Charge an order once and tell whether the money was captured."""


class Checkout:
    """Places and pays orders.

    Args:
        orders: where they are kept.
        catalogue: names and prices.
        stock: reservations.
        till: charges.
        currency: ISO 4217 code of the shop.
    """

    def __init__(self, orders: OrderStore, catalogue: Catalogue, stock: Stock, till: Till, currency: str) -> None:
        self._orders = orders
        self._catalogue = catalogue
        self._stock = stock
        self._till = till
        self._currency = currency

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
            Problem: 402 the payment was declined; 409 the order cannot be paid; 503 and 504 another service did not
                answer, and the order stays where it is.
        """
        if saga.on_pay(order.state, order.payment_method, method) is Verdict.BEGIN:
            order = self._record(order, Event.PAYMENT_REQUESTED, payment_method=method)
        verdict = saga.on_pay(order.state, order.payment_method, method)
        if verdict is Verdict.OTHER_METHOD:
            raise refusals.other_method(order)
        if verdict is Verdict.REFUSE:
            raise refusals.not_payable(order)
        order = self.advance(order)
        if order.state is State.PAYMENT_FAILED:
            raise refusals.payment_declined(order)
        return order

    def advance(self, order: Order) -> Order:
        """Do the remote steps that come next, until it is the shopper's turn or the order is final.

        Raises:
            Problem: 503 and 504; another service did not answer. The order can be advanced again.
        """
        while (command := saga.command(order.state)) is not None:
            try:
                event, shortages = self._perform(command, order)
            except UpstreamError as failure:
                order = self._despite(failure, order, command)
            else:
                order = self._record(order, event, shortages=shortages)
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

    def _perform(self, command: Command, order: Order) -> tuple[Event, Sequence[Shortage]]:
        if command is Command.RESERVE:
            shortages = self._stock.reserve(order)
            return (Event.STOCK_INSUFFICIENT if shortages else Event.STOCK_RESERVED), shortages
        if command is Command.CHARGE:
            return (Event.CHARGE_CAPTURED if self._till.charge(order) else Event.CHARGE_DECLINED), ()
        if command is Command.COMMIT:
            self._stock.commit(order)
            return Event.STOCK_COMMITTED, ()
        self._stock.release(order)
        return Event.STOCK_RELEASED, ()

    def _record(
        self,
        order: Order,
        event: Event,
        *,
        payment_method: str | None = None,
        shortages: Sequence[Shortage] = (),
    ) -> Order:
        """Store what happened; return the order as it then is, which another may have moved further."""
        state = saga.after(order.state, event)
        moved = self._orders.move(order, state, payment_method=payment_method, shortages=shortages)
        if moved is not None:
            _log.info("an order moved on", order_id=order.id, before=order.state, state=state)
            return moved
        return self._current(order)

    def _despite(self, failure: UpstreamError, order: Order, command: Command) -> Order:
        """Return the order if another has moved it meanwhile, which made this step moot; else raise the failure."""
        current = self._current(order)
        if current.state is order.state:
            _log.warning("an order cannot go on now", order_id=order.id, step=command, cause=failure.detail)
            raise failure
        return current

    def _current(self, order: Order) -> Order:
        current = self._orders.get(order.id)
        if current is None:
            raise LookupError(f"order {order.id} is gone")
        return current
