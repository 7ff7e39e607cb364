"""How orders are shown: the state of one in words, and what can be done about it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

CARDS = {
    "pm_card_approved": ("Card that is approved", "The usual case: the order is confirmed at once."),
    "pm_card_declined": ("Card that is declined", "The bank says no; nothing is charged."),
    "pm_card_late": ("Card that answers late", "The bank takes some seconds to say yes."),
    "pm_card_timeout": ("Card that never answers", "No answer comes; after a while the order is given up."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces of one product, as they were ordered."""

    product_id: str
    name: str
    quantity: int
    unit_price: int
    total: int


@dataclass(frozen=True, slots=True)
class Order:
    """An order."""

    id: str
    status: str
    lines: tuple[Line, ...]
    total: int
    currency: str
    created_at: datetime
    expires_at: datetime | None

    @property
    def number(self) -> str:
        """What a shopper calls it by: the end of its id, which differs most."""
        return self.id[-8:].upper()

    @property
    def label(self) -> str:
        """Its state in a word or two."""
        return _LABELS.get(self.status, self.status.replace("_", " ").capitalize())

    @property
    def tone(self) -> str:
        """How its state is coloured: good, bad, open."""
        return _TONES.get(self.status, "open")

    @property
    def payable(self) -> bool:
        """Whether it waits for its payment."""
        return self.status == "reserved"

    @property
    def cancellable(self) -> bool:
        """Whether it can be cancelled."""
        return self.status in ("reserved", "confirmed")

    @property
    def failed(self) -> bool:
        """Whether it has come to nothing, so that the same can be ordered again."""
        return self.status in ("payment_failed", "expired", "rejected", "cancelled")

    @property
    def count(self) -> int:
        """How many pieces it has."""
        return sum(line.quantity for line in self.lines)


_LABELS = {
    "created": "Being placed",
    "rejected": "Sold out",
    "reserved": "To be paid",
    "paying": "Payment pending",
    "confirmed": "Confirmed",
    "payment_failed": "Payment declined",
    "cancelling": "Being cancelled",
    "cancelled": "Cancelled",
    "expired": "Expired",
}
_TONES = {"confirmed": "good", "payment_failed": "bad", "rejected": "bad", "expired": "bad", "cancelled": "bad"}


@dataclass(frozen=True, slots=True)
class Shortage:
    """A product of which there is less than was ordered."""

    product_id: str
    available: int


def order_of(body: Mapping[str, Any]) -> Order:
    """Return the order of an answer of the service `orders`."""
    return Order(
        id=body["id"],
        status=body["status"],
        lines=tuple(line_of(line) for line in body["lines"]),
        total=body["total"],
        currency=body["currency"],
        created_at=time_of(body["created_at"]),
        expires_at=time_of(body["expires_at"]) if body.get("expires_at") else None,
    )


def line_of(body: Mapping[str, Any]) -> Line:
    """Return a line of an order or a cart."""
    return Line(body["product_id"], body["name"], body["quantity"], body["unit_price"], body["total"])


def shortages_of(errors: list[Mapping[str, Any]]) -> tuple[Shortage, ...]:
    """Return what the service `orders` said is short."""
    return tuple(
        Shortage(str(error["product_id"]), max(0, int(error.get("available", 0))))
        for error in errors
        if error.get("product_id")
    )


def time_of(text: str) -> datetime:
    """Return a time of the API."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def day(moment: datetime) -> str:
    """Return a day for reading: ``23 November 2026``."""
    return f"{moment.day} {moment:%B %Y}"


def clock(moment: datetime) -> str:
    """Return a time of day for reading: ``19:30 UTC``."""
    return f"{moment:%H:%M} UTC"
