"""Which service these tests are about, and what they all do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recommendations.service import SERVICE
from shopkit.ids import new_id
from shopkit.service import Service
from shopkit.testing.messaging import Deliver

Confirm = Callable[..., str]
Cancel = Callable[..., None]


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The service under test."""
    return SERVICE


def order_data(order_id: str, *product_ids: str) -> dict[str, Any]:
    """Return the data of an event of an order of one piece of each of these products."""
    lines = [
        {"product_id": each, "name": "Lamp", "quantity": 1, "unit_price": 100, "total": 100} for each in product_ids
    ]
    total = 100 * len(lines)
    return {"order_id": order_id, "user_id": new_id(), "currency": "EUR", "total": total, "lines": lines}


@pytest.fixture
def confirm(deliver: Deliver) -> Confirm:
    """Tell the service of a confirmed order of these products; returns its id."""

    def tell(*product_ids: str, order_id: str | None = None, event_id: str | None = None) -> str:
        known_as = order_id or new_id()
        deliver("order.confirmed", order_data(known_as, *product_ids), event_id=event_id)
        return known_as

    return tell


@pytest.fixture
def cancel(deliver: Deliver) -> Cancel:
    """Tell the service that an order was cancelled."""

    def tell(order_id: str, *, refunded: bool = True) -> None:
        deliver("order.cancelled", {**order_data(order_id, new_id()), "refunded": refunded})

    return tell
