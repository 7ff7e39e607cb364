"""The life of an order as a table: which remote step a state asks for, and where each outcome leads.

An order's state is stored before and after each remote step, so that whoever finds it later knows what comes next:
`command(state)` says what to do, `after(state, event)` what is then to be stored. Every step is idempotent by order
id; doing one again after a crash is safe. Nothing here does any I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """How far an order has come."""

    CREATED = "created"
    REFUSED = "refused"  # the inventory has too little; a reservation still under way has to be ruled out
    REJECTED = "rejected"
    RESERVED = "reserved"  # waits for the shopper
    PAYING = "paying"
    CAPTURED = "captured"  # the money is taken, the stock not yet
    DECLINED = "declined"  # no money is taken, the stock has to be given back
    CONFIRMED = "confirmed"
    PAYMENT_FAILED = "payment_failed"
    VOIDING = "voiding"  # the order cannot be completed; what was or may yet be charged has to go back
    REFUNDING = "refunding"  # cancelled after it was confirmed, the money has to go back
    CANCELLING = "cancelling"  # cancelled before it was paid, the stock has to be given back
    CANCELLED = "cancelled"
    EXPIRING = "expiring"  # not paid in time, the stock has to be given back
    EXPIRED = "expired"
    # Never stored: a later release, which runs beside this one while it is rolled out, has stored what this one does
    # not know. A conditional update from it changes nothing, so such an order is left to the replicas that know.
    UNKNOWN = "processing"


class Command(StrEnum):
    """A remote step."""

    RESERVE = "reserve"
    CHARGE = "charge"
    COMMIT = "commit"
    RELEASE = "release"
    REFUND = "refund"


class Event(StrEnum):
    """What happened: the outcome of a remote step, the shopper's wish to pay or to cancel, or that time is over."""

    STOCK_RESERVED = "stock_reserved"
    STOCK_INSUFFICIENT = "stock_insufficient"
    STOCK_COMMITTED = "stock_committed"
    STOCK_RELEASED = "stock_released"
    PAYMENT_REQUESTED = "payment_requested"
    CHARGE_CAPTURED = "charge_captured"
    CHARGE_DECLINED = "charge_declined"
    MONEY_RETURNED = "money_returned"
    CANCEL_REQUESTED = "cancel_requested"
    PAYMENT_OVERDUE = "payment_overdue"
    RESERVATION_OVER = "reservation_over"


class Verdict(StrEnum):
    """What to do when a shopper wants to pay or to cancel an order."""

    BEGIN = "begin"
    RESUME = "resume"
    DONE = "done"
    OTHER_METHOD = "other_method"
    EXPIRED = "expired"
    IN_PROGRESS = "in_progress"
    REFUSE = "refuse"


class ImpossibleEvent(Exception):
    """An event that cannot happen in a state: a bug."""


COMMANDS: Mapping[State, Command] = {
    State.CREATED: Command.RESERVE,
    # Not for the stock that was refused, but for an earlier attempt to reserve whose answer got lost and which may
    # yet succeed: the release makes the inventory refuse it.
    State.REFUSED: Command.RELEASE,
    State.PAYING: Command.CHARGE,
    State.CAPTURED: Command.COMMIT,
    State.DECLINED: Command.RELEASE,
    State.VOIDING: Command.REFUND,
    State.REFUNDING: Command.REFUND,
    State.CANCELLING: Command.RELEASE,
    State.EXPIRING: Command.RELEASE,
}

TRANSITIONS: Mapping[tuple[State, Event], State] = {
    (State.CREATED, Event.STOCK_RESERVED): State.RESERVED,
    (State.CREATED, Event.STOCK_INSUFFICIENT): State.REFUSED,
    (State.REFUSED, Event.STOCK_RELEASED): State.REJECTED,
    (State.RESERVED, Event.PAYMENT_REQUESTED): State.PAYING,
    (State.PAYING, Event.CHARGE_CAPTURED): State.CAPTURED,
    (State.PAYING, Event.CHARGE_DECLINED): State.DECLINED,
    (State.CAPTURED, Event.STOCK_COMMITTED): State.CONFIRMED,
    (State.DECLINED, Event.STOCK_RELEASED): State.PAYMENT_FAILED,
    # The inventory says so of an order whose earlier answer got lost: it has released the pieces itself.
    (State.CREATED, Event.RESERVATION_OVER): State.EXPIRED,
    (State.RESERVED, Event.RESERVATION_OVER): State.EXPIRING,
    (State.EXPIRING, Event.STOCK_RELEASED): State.EXPIRED,
    # The charge never answered, or was captured when the pieces were already given to others.
    (State.PAYING, Event.PAYMENT_OVERDUE): State.VOIDING,
    (State.CAPTURED, Event.RESERVATION_OVER): State.VOIDING,
    (State.VOIDING, Event.MONEY_RETURNED): State.DECLINED,
    (State.CREATED, Event.CANCEL_REQUESTED): State.CANCELLING,
    (State.RESERVED, Event.CANCEL_REQUESTED): State.CANCELLING,
    (State.CANCELLING, Event.STOCK_RELEASED): State.CANCELLED,
    # What was sold stays out of the stock: whether it can be sold again is not for the shop to guess.
    (State.CONFIRMED, Event.CANCEL_REQUESTED): State.REFUNDING,
    (State.REFUNDING, Event.MONEY_RETURNED): State.CANCELLED,
}

_SHOWN: Mapping[State, State] = {
    State.REFUSED: State.CREATED,
    State.CAPTURED: State.PAYING,
    State.DECLINED: State.PAYING,
    State.VOIDING: State.PAYING,
    State.REFUNDING: State.CANCELLING,
    State.EXPIRING: State.RESERVED,
}
_BEING_PAID = frozenset((State.PAYING, State.CAPTURED, State.DECLINED, State.VOIDING))
_BEING_CANCELLED = frozenset((State.CANCELLING, State.REFUNDING))


def read(stored: str) -> State:
    """Return the state that is stored; UNKNOWN for one that this release does not have."""
    try:
        return State(stored)
    except ValueError:
        return State.UNKNOWN


def command(state: State) -> Command | None:
    """Return the remote step that comes next; None when it is the shopper's turn or the order is final."""
    return COMMANDS.get(state)


def after(state: State, event: Event) -> State:
    """Return the state an event leads to.

    Raises:
        ImpossibleEvent: the event cannot happen in this state.
    """
    try:
        return TRANSITIONS[(state, event)]
    except KeyError:
        raise ImpossibleEvent(f"{event} cannot happen to an order that is {state}") from None


def shown(state: State) -> State:
    """Return the status for the outside: a step counts when it is complete, the compensation included."""
    return _SHOWN.get(state, state)


def on_pay(state: State, method_of_order: str | None, method: str, *, over: bool = False) -> Verdict:
    """Decide what a request to pay means.

    Args:
        state: of the order.
        method_of_order: payment method that the order is being paid with, if it is.
        method: payment method of the request.
        over: whether the time for which the stock is reserved is over.
    """
    if state is State.RESERVED:
        return Verdict.EXPIRED if over else Verdict.BEGIN
    if state is State.CONFIRMED:
        return Verdict.DONE
    if state in (State.EXPIRING, State.EXPIRED):
        return Verdict.EXPIRED
    if state is State.UNKNOWN:
        return Verdict.RESUME
    if state in _BEING_PAID:
        return Verdict.RESUME if method == method_of_order else Verdict.OTHER_METHOD
    return Verdict.REFUSE


def on_cancel(state: State) -> Verdict:
    """Decide what a request to cancel an order that is in this state means."""
    if (state, Event.CANCEL_REQUESTED) in TRANSITIONS:
        return Verdict.BEGIN
    if state is State.UNKNOWN or state in _BEING_CANCELLED:
        return Verdict.RESUME
    if state is State.CANCELLED:
        return Verdict.DONE
    return Verdict.IN_PROGRESS if state in _BEING_PAID else Verdict.REFUSE
