"""What is told of an order, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orders import events
from orders.domain import Line, Order
from orders.saga import TRANSITIONS, State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORDER = Order(
    id="0197f0a0-0000-7000-8000-00000000000b",
    user_id="0197f0a0-0000-7000-8000-00000000000a",
    state=State.CREATED,
    lines=(Line("0197f0a0-0000-7000-8000-000000000001", "Lamp", 2, 1999),),
    total=3998,
    currency="EUR",
    payment_method="pm_card_approved",
    shortages=(),
    fingerprint=None,
    created_at=NOW,
    updated_at=NOW,
)
TOLD = {
    "order_id": ORDER.id,
    "user_id": ORDER.user_id,
    "currency": "EUR",
    "total": 3998,
    "lines": [
        {
            "product_id": "0197f0a0-0000-7000-8000-000000000001",
            "name": "Lamp",
            "quantity": 2,
            "unit_price": 1999,
            "total": 3998,
        }
    ],
}


@pytest.mark.parametrize(
    ("before", "after", "key", "more"),
    [
        (State.CAPTURED, State.CONFIRMED, "order.confirmed", {}),
        (State.DECLINED, State.PAYMENT_FAILED, "order.payment_failed", {}),
        (State.CANCELLING, State.CANCELLED, "order.cancelled", {"refunded": False}),
        (State.REFUNDING, State.CANCELLED, "order.cancelled", {"refunded": True}),
        (State.EXPIRING, State.EXPIRED, "order.expired", {}),
        (State.CREATED, State.EXPIRED, "order.expired", {}),
    ],
)
def test_each_end_of_an_order_is_told(before: State, after: State, key: str, more: dict[str, bool]) -> None:
    event = events.of(before, replace(ORDER, state=after))
    assert event is not None
    assert (event.KEY, event.model_dump(mode="json")) == (key, {**TOLD, **more})


def test_nothing_else_is_told() -> None:
    told = {
        (before, after) for (before, _), after in TRANSITIONS.items() if events.of(before, replace(ORDER, state=after))
    }
    assert told == {
        (State.CAPTURED, State.CONFIRMED),
        (State.DECLINED, State.PAYMENT_FAILED),
        (State.CANCELLING, State.CANCELLED),
        (State.REFUNDING, State.CANCELLED),
        (State.EXPIRING, State.EXPIRED),
        (State.CREATED, State.EXPIRED),
    }
