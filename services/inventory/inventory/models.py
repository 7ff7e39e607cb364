"""What goes in and out of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shopkit.ids import UUID_REGEX, Id
from shopkit.pagination import Page
from shopkit.validation import Schema

MAX_QUANTITY = 1_000_000_000
MAX_LINES = 100
_MOST_IDS = 100
Ids = Annotated[
    str,
    Field(pattern=f"^{UUID_REGEX}(,{UUID_REGEX}){{0,{_MOST_IDS - 1}}}$"),
    AfterValidator(str.lower),
]
"""Up to a hundred ids with commas between them."""


class NewStock(Schema):
    """How many pieces there are from now on."""

    quantity: int = Field(ge=0, le=MAX_QUANTITY, description="Pieces on hand, the reserved ones among them.")


class Stock(Schema):
    """The stock of one product."""

    product_id: Id
    on_hand: int = Field(description="Pieces in the warehouse.")
    reserved: int = Field(description="Pieces of these that are set aside for orders.")
    available: int = Field(description="Pieces that can still be ordered: on_hand - reserved.")


class StockQuery(Schema):
    """Whose stock is asked for."""

    product_ids: Ids = Field(description="Up to 100 ids of products with commas between them.")


class Stocks(Schema):
    """The stock of several products."""

    items: list[Stock] = Field(description="By product_id; products that the inventory does not know are left out.")


class Movement(Schema):
    """A change of the pieces on hand."""

    id: Id = Field(description="Grows with time.")
    product_id: Id
    reason: Literal["opening", "set", "commit", "delete"] = Field(
        description="opening: what was there when the journal began; set: by an administrator; commit: sold; delete: "
        "the product was removed."
    )
    delta: int = Field(description="Pieces that came, negative: that left. All of a product sum up to its on_hand.")
    order_id: Id | None = Field(description="The order that was sold; null for other reasons.")
    created_at: datetime


class MovementPage(Page[Movement]):
    """One page of the journal of a product."""


class Line(Schema):
    """Pieces of one product."""

    product_id: Id
    quantity: int = Field(ge=1, le=MAX_QUANTITY)


class NewReservation(Schema):
    """What an order needs, all of it or nothing."""

    order_id: Id
    lines: list[Line] = Field(min_length=1, max_length=MAX_LINES, description="Each product at most once.")


class Reservation(Schema):
    """What is set aside for an order."""

    order_id: Id
    status: Literal["reserved", "committed", "released"]
    expires_at: datetime | None = Field(
        description="From when on the pieces may be given to others; null if the reservation has ended."
    )
    lines: list[Line] = Field(description="By product_id; empty if the order was released before it reserved.")
