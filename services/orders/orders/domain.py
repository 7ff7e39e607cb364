"""Orders as values, and the rules of what may be ordered. No I/O."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.saga import State

MAX_LINES = 100
MAX_QUANTITY = 1000
MAX_PRICE = 10**12
# Far below 2**63, and exact in every JSON reader that keeps numbers as doubles (2**53).
MAX_TOTAL = 10**15

Fault = dict[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Pieces of one product that a shopper asks for."""

    product_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What a product is called and costs at present."""

    name: str
    price: int
    currency: str


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces of one product, with the name and price of the time of the order."""

    product_id: str
    name: str
    quantity: int
    unit_price: int

    @property
    def total(self) -> int:
        """Price of all pieces."""
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class Shortage:
    """A line of which the inventory has too little."""

    product_id: str
    requested: int
    available: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What the inventory answered: pieces are set aside until a time (None: it did not say), or some are short."""

    shortages: tuple[Shortage, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """How a request to place an order is known again: the client's key and what was asked for under it."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An order that is not yet stored."""

    id: str
    user_id: str
    lines: tuple[Line, ...]
    total: int
    currency: str
    replay: Replay | None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it is stored."""

    id: str
    user_id: str
    state: State
    lines: tuple[Line, ...]
    total: int
    currency: str
    payment_method: str | None
    shortages: tuple[Shortage, ...]
    fingerprint: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None

    def reservation_over(self, now: datetime) -> bool:
        """Tell whether the time for which the stock is reserved is over."""
        return self.expires_at is not None and self.expires_at <= now

    def payment_overdue(self, now: datetime, deadline: timedelta) -> bool:
        """Tell whether the order has been waiting for its charge for longer than is allowed."""
        return self.state is State.PAYING and now - self.updated_at >= deadline


@dataclass(frozen=True, slots=True)
class Claims:
    """Which orders the worker takes up.

    Args:
        idle_seconds: for which nobody has moved them.
        pause_seconds: until the second attempt; doubled for each further one.
        most_seconds: longest pause.
        count: how many at once.
    """

    idle_seconds: float
    pause_seconds: float
    most_seconds: float
    count: int


def fingerprint(wanted: Sequence[Wanted]) -> str:
    """Return a digest that is equal for equal requests."""
    text = json.dumps([[line.product_id, line.quantity] for line in wanted])
    return hashlib.sha256(text.encode()).hexdigest()


def repeated(wanted: Sequence[Wanted]) -> list[Fault]:
    """Return a fault for each line whose product an earlier line has already."""
    first: dict[str, int] = {}
    faults = []
    for index, line in enumerate(wanted):
        earlier = first.setdefault(line.product_id, index)
        if earlier != index:
            detail = f"is the product of lines[{earlier}] too: give each product once"
            faults.append({"field": f"lines[{index}].product_id", "detail": detail})
    return faults


def price(wanted: Sequence[Wanted], offers: Mapping[str, Offer], currency: str) -> tuple[tuple[Line, ...], list[Fault]]:
    """Put names and prices to what is wanted.

    Args:
        wanted: the lines, each product once.
        offers: the products that exist, by id.
        currency: currency of the shop.

    Returns:
        The lines, and the faults because of which they cannot be ordered.
    """
    lines, faults = [], []
    for index, line in enumerate(wanted):
        offer = offers.get(line.product_id)
        if offer is None:
            faults.append({"field": f"lines[{index}].product_id", "detail": "is no product of this shop"})
        elif offer.currency != currency:
            detail = f"is priced in {offer.currency}, this shop sells in {currency}"
            faults.append({"field": f"lines[{index}].product_id", "detail": detail})
        else:
            lines.append(Line(line.product_id, offer.name, line.quantity, offer.price))
    if total_of(lines) > MAX_TOTAL:
        faults.append({"field": "lines", "detail": f"come to more than {MAX_TOTAL} minor units: order less at a time"})
    return tuple(lines), faults


def total_of(lines: Sequence[Line]) -> int:
    """Return the price of all lines."""
    return sum(line.total for line in lines)
