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


class Command(StrEnum):
    """A remote step."""

    RESERVE = "reserve"
    CHARGE = "charge"
    COMMIT = "commit"
    RELEASE = "release"


class Event(StrEnum):
    """What happened: the outcome of a remote step, or the wish of the shopper to pay."""

    STOCK_RESERVED = "stock_reserved"
    STOCK_INSUFFICIENT = "stock_insufficient"
    STOCK_COMMITTED = "stock_committed"
    STOCK_RELEASED = "stock_released"
    PAYMENT_REQUESTED = "payment_requested"
    CHARGE_CAPTURED = "charge_captured"
    CHARGE_DECLINED = "charge_declined"


class Verdict(StrEnum):
    """What to do when a shopper wants to pay an order."""

    BEGIN = "begin"
    RESUME = "resume"
    DONE = "done"
    OTHER_METHOD = "other_method"
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
}

_SHOWN: Mapping[State, State] = {
    State.REFUSED: State.CREATED,
    State.CAPTURED: State.PAYING,
    State.DECLINED: State.PAYING,
}
_BEING_PAID = frozenset((State.PAYING, State.CAPTURED, State.DECLINED))


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


def on_pay(state: State, method_of_order: str | None, method: str) -> Verdict:
    """Decide what a request to pay means.

    Args:
        state: of the order.
        method_of_order: payment method that the order is being paid with, if it is.
        method: payment method of the request.
    """
    if state is State.RESERVED:
        return Verdict.BEGIN
    if state is State.CONFIRMED:
        return Verdict.DONE
    if state in _BEING_PAID:
        return Verdict.RESUME if method == method_of_order else Verdict.OTHER_METHOD
    return Verdict.REFUSE
