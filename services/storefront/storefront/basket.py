"""The basket: which products, and how many of each. No I/O."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shopkit.ids import is_id

MAX_QUANTITY = 99
# As many as a signed-out shopper's cookie has room for, see `pack`.
MAX_LINES = 50
# What the service `orders` takes in a cart.
MAX_ACCOUNT_LINES = 100


class BasketFull(Exception):
    """No further product has room."""


@dataclass(frozen=True, slots=True)
class Item:
    """Pieces of one product."""

    product_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Basket:
    """Pieces of products, in the order in which they were put in; each product once."""

    items: tuple[Item, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.items)

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return sum(item.quantity for item in self.items)

    @property
    def product_ids(self) -> list[str]:
        """The products."""
        return [item.product_id for item in self.items]

    def add(self, product_id: str, quantity: int) -> Basket:
        """Return the basket with more pieces of a product, at most MAX_QUANTITY.

        Raises:
            BasketFull: it has MAX_LINES other products.
        """
        quantities = self._quantities()
        if product_id not in quantities and len(quantities) >= MAX_LINES:
            raise BasketFull
        quantities[product_id] = min(MAX_QUANTITY, quantities.get(product_id, 0) + quantity)
        return of(quantities)

    def change(self, quantities: Mapping[str, int]) -> Basket:
        """Return the basket with other quantities of products that are in it; 0 takes one out."""
        known = self._quantities()
        return of({**known, **{key: value for key, value in quantities.items() if key in known}})

    def without(self, product_ids: Iterable[str]) -> Basket:
        """Return the basket without these products."""
        return self.change(dict.fromkeys(product_ids, 0))

    def merge(self, other: Basket) -> Basket:
        """Return a basket with what is in either, at most MAX_ACCOUNT_LINES products.

        Of a product that is in both the larger quantity counts, so that merging again changes nothing.
        """
        quantities = self._quantities()
        for item in other.items:
            quantities[item.product_id] = max(item.quantity, quantities.get(item.product_id, 0))
        return Basket(of(quantities).items[:MAX_ACCOUNT_LINES])

    def _quantities(self) -> dict[str, int]:
        return {item.product_id: item.quantity for item in self.items}


def of(quantities: Mapping[str, int]) -> Basket:
    """Return the basket with these quantities; those below 1 are left out."""
    return Basket(tuple(Item(key, quantity) for key, quantity in quantities.items() if quantity > 0))


def pack(basket: Basket) -> str:
    """Return the basket as a short text for a cookie: 22 characters for a product, and its quantity."""
    return ",".join(f"{_short(item.product_id)}{item.quantity}" for item in basket.items)


def unpack(text: object) -> Basket:
    """Return the basket of a text made by `pack`; an empty one if it is not such a text."""
    if not isinstance(text, str) or not text:
        return Basket()
    try:
        return of({_long(part[:22]): int(part[22:]) for part in text.split(",")})
    except (ValueError, binascii.Error):
        return Basket()


def parse_lines(text: str) -> Basket | None:
    """Return the basket of the field `lines` of an order form, see `form_lines`; None if it is not in order."""
    quantities: dict[str, int] = {}
    for part in text.split(",", MAX_ACCOUNT_LINES):
        product_id, _, quantity = part.partition("*")
        if not is_id(product_id) or not (quantity.isascii() and quantity.isdigit() and len(quantity) <= 4):
            return None
        quantities[product_id.lower()] = int(quantity)
    basket = of(quantities)
    return basket if 0 < len(basket.items) <= MAX_ACCOUNT_LINES else None


def form_lines(basket: Basket) -> str:
    """Return the basket for an order form: what the shopper has seen is what is ordered."""
    return ",".join(f"{item.product_id}*{item.quantity}" for item in basket.items)


def api_lines(basket: Basket) -> list[dict[str, Any]]:
    """Return the basket as the service `orders` takes it."""
    return [{"product_id": item.product_id, "quantity": item.quantity} for item in basket.items]


def _short(product_id: str) -> str:
    return base64.urlsafe_b64encode(uuid.UUID(product_id).bytes).decode().rstrip("=")


def _long(text: str) -> str:
    return str(uuid.UUID(bytes=base64.urlsafe_b64decode(text + "==")))
