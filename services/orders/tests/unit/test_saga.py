"""The table of the saga: complete, and without dead ends."""

from __future__ import annotations

import itertools

import pytest

from orders import saga
from orders.saga import COMMANDS, TRANSITIONS, Command, Event, ImpossibleEvent, State, Verdict

# A confirmed order is final too, unless the shopper wants it otherwise.
FINAL = {State.REJECTED, State.PAYMENT_FAILED, State.CANCELLED, State.EXPIRED}
WISHES = {Event.PAYMENT_REQUESTED, Event.CANCEL_REQUESTED, Event.PAYMENT_OVERDUE}
OUTCOMES = {
    Command.RESERVE: {Event.STOCK_RESERVED, Event.STOCK_INSUFFICIENT, Event.RESERVATION_OVER},
    Command.CHARGE: {Event.CHARGE_CAPTURED, Event.CHARGE_DECLINED},
    Command.COMMIT: {Event.STOCK_COMMITTED, Event.RESERVATION_OVER},
    Command.RELEASE: {Event.STOCK_RELEASED},
    Command.REFUND: {Event.MONEY_RETURNED},
}


@pytest.mark.parametrize(
    ("state", "command", "next_states"),
    [
        (
            State.CREATED,
            Command.RESERVE,
            {
                Event.STOCK_RESERVED: "reserved",
                Event.STOCK_INSUFFICIENT: "refused",
                Event.RESERVATION_OVER: "expired",
                Event.CANCEL_REQUESTED: "cancelling",
            },
        ),
        (State.REFUSED, Command.RELEASE, {Event.STOCK_RELEASED: "rejected"}),
        (State.REJECTED, None, {}),
        (
            State.RESERVED,
            None,
            {
                Event.PAYMENT_REQUESTED: "paying",
                Event.RESERVATION_OVER: "expiring",
                Event.CANCEL_REQUESTED: "cancelling",
            },
        ),
        (
            State.PAYING,
            Command.CHARGE,
            {
                Event.CHARGE_CAPTURED: "captured",
                Event.CHARGE_DECLINED: "declined",
                Event.PAYMENT_OVERDUE: "voiding",
            },
        ),
        (
            State.CAPTURED,
            Command.COMMIT,
            {Event.STOCK_COMMITTED: "confirmed", Event.RESERVATION_OVER: "voiding"},
        ),
        (State.DECLINED, Command.RELEASE, {Event.STOCK_RELEASED: "payment_failed"}),
        (State.CONFIRMED, None, {Event.CANCEL_REQUESTED: "refunding"}),
        (State.PAYMENT_FAILED, None, {}),
        (State.VOIDING, Command.REFUND, {Event.MONEY_RETURNED: "declined"}),
        (State.REFUNDING, Command.REFUND, {Event.MONEY_RETURNED: "cancelled"}),
        (State.CANCELLING, Command.RELEASE, {Event.STOCK_RELEASED: "cancelled"}),
        (State.CANCELLED, None, {}),
        (State.EXPIRING, Command.RELEASE, {Event.STOCK_RELEASED: "expired"}),
        (State.EXPIRED, None, {}),
    ],
)
def test_each_state_asks_for_its_step_and_knows_its_outcomes(
    state: State, command: Command | None, next_states: dict[Event, str]
) -> None:
    assert saga.command(state) is command
    for event in Event:
        if event in next_states:
            assert saga.after(state, event) == next_states[event]
        else:
            with pytest.raises(ImpossibleEvent, match=f"{event} cannot happen to an order that is {state}"):
                saga.after(state, event)


@pytest.mark.parametrize("state", COMMANDS)
def test_every_outcome_of_a_step_leads_somewhere(state: State) -> None:
    assert {event for source, event in TRANSITIONS if source is state} - WISHES == OUTCOMES[COMMANDS[state]]


def test_only_final_states_lead_nowhere_and_none_comes_back() -> None:
    following = {state: {target for (source, _), target in TRANSITIONS.items() if source is state} for state in State}
    assert {state for state in State if not following[state]} == FINAL | {State.UNKNOWN}
    remaining = set(State)
    while ends := {state for state in remaining if not following[state] & remaining}:
        remaining -= ends
    assert remaining == set()


def test_a_step_shows_only_when_it_is_complete() -> None:
    assert {state: str(saga.shown(state)) for state in State} == {
        State.CREATED: "created",
        State.REFUSED: "created",
        State.REJECTED: "rejected",
        State.RESERVED: "reserved",
        State.PAYING: "paying",
        State.CAPTURED: "paying",
        State.DECLINED: "paying",
        State.CONFIRMED: "confirmed",
        State.PAYMENT_FAILED: "payment_failed",
        State.VOIDING: "paying",
        State.REFUNDING: "cancelling",
        State.CANCELLING: "cancelling",
        State.CANCELLED: "cancelled",
        State.EXPIRING: "reserved",
        State.EXPIRED: "expired",
        State.UNKNOWN: "processing",
    }


def test_what_paying_means_in_each_state() -> None:
    expected = {
        State.CREATED: (Verdict.REFUSE, Verdict.REFUSE),
        State.REFUSED: (Verdict.REFUSE, Verdict.REFUSE),
        State.REJECTED: (Verdict.REFUSE, Verdict.REFUSE),
        State.RESERVED: (Verdict.BEGIN, Verdict.BEGIN),
        State.PAYING: (Verdict.RESUME, Verdict.OTHER_METHOD),
        State.CAPTURED: (Verdict.RESUME, Verdict.OTHER_METHOD),
        State.DECLINED: (Verdict.RESUME, Verdict.OTHER_METHOD),
        State.CONFIRMED: (Verdict.DONE, Verdict.DONE),
        State.PAYMENT_FAILED: (Verdict.REFUSE, Verdict.REFUSE),
        State.VOIDING: (Verdict.RESUME, Verdict.OTHER_METHOD),
        State.REFUNDING: (Verdict.REFUSE, Verdict.REFUSE),
        State.CANCELLING: (Verdict.REFUSE, Verdict.REFUSE),
        State.CANCELLED: (Verdict.REFUSE, Verdict.REFUSE),
        State.EXPIRING: (Verdict.EXPIRED, Verdict.EXPIRED),
        State.EXPIRED: (Verdict.EXPIRED, Verdict.EXPIRED),
        State.UNKNOWN: (Verdict.RESUME, Verdict.RESUME),
    }
    for state, method in itertools.product(State, ("card", "other")):
        known = None if state in (State.CREATED, State.REFUSED, State.REJECTED, State.RESERVED) else "card"
        assert saga.on_pay(state, known, method) is expected[state][method == "other"]


def test_only_a_reserved_order_is_kept_from_being_paid_by_the_time() -> None:
    changed = {
        state
        for state in State
        if saga.on_pay(state, "card", "card", over=True) is not saga.on_pay(state, "card", "card")
    }
    assert changed == {State.RESERVED}
    assert saga.on_pay(State.RESERVED, None, "card", over=True) is Verdict.EXPIRED


def test_what_cancelling_means_in_each_state() -> None:
    assert {state: saga.on_cancel(state) for state in State} == {
        State.CREATED: Verdict.BEGIN,
        State.REFUSED: Verdict.REFUSE,
        State.REJECTED: Verdict.REFUSE,
        State.RESERVED: Verdict.BEGIN,
        State.PAYING: Verdict.IN_PROGRESS,
        State.CAPTURED: Verdict.IN_PROGRESS,
        State.DECLINED: Verdict.IN_PROGRESS,
        State.CONFIRMED: Verdict.BEGIN,
        State.PAYMENT_FAILED: Verdict.REFUSE,
        State.VOIDING: Verdict.IN_PROGRESS,
        State.REFUNDING: Verdict.RESUME,
        State.CANCELLING: Verdict.RESUME,
        State.CANCELLED: Verdict.DONE,
        State.EXPIRING: Verdict.REFUSE,
        State.EXPIRED: Verdict.REFUSE,
        State.UNKNOWN: Verdict.RESUME,
    }


def test_a_state_of_a_later_release_is_none_that_this_one_acts_on() -> None:
    assert saga.read("captured") is State.CAPTURED
    assert saga.read("awaiting_parcel") is State.UNKNOWN
    assert saga.command(State.UNKNOWN) is None
