"""What this service reads of the events of others."""

from __future__ import annotations

from typing import Any

from shopkit.ids import Id
from shopkit.messaging.events import EventData


class UserKnown(EventData):
    """A user has signed up, or has changed their account."""

    user_id: Id
    email: str
    name: str


class UserGone(EventData):
    """A user's account was deleted."""

    user_id: Id


class Line(EventData):
    """Pieces of one product."""

    name: str
    quantity: int
    unit_price: int
    total: int


class OrderEnded(EventData):
    """An order was confirmed, or ended otherwise."""

    order_id: Id
    user_id: Id
    currency: str
    total: int
    lines: list[Line]

    def kept(self) -> dict[str, Any]:
        """Return what notifications keep of it."""
        return self.model_dump(exclude={"user_id"})


class OrderCancelled(OrderEnded):
    """An order was cancelled."""

    refunded: bool
