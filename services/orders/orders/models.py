"""What goes in and out of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from orders.domain import MAX_LINES, MAX_QUANTITY
from shopkit.ids import Id
from shopkit.pagination import Page
from shopkit.validation import Schema


class NewLine(Schema):
    """Pieces of one product."""

    product_id: Id
    quantity: int = Field(ge=1, le=MAX_QUANTITY)


class NewOrder(Schema):
    """An order to be placed; each product is in one line."""

    lines: list[NewLine] = Field(min_length=1, max_length=MAX_LINES)


class Payment(Schema):
    """How an order is to be paid."""

    payment_method: Literal[
        "pm_card_approved", "pm_card_declined", "pm_card_timeout", "pm_card_twice", "pm_card_late"
    ] = Field(description="A card of the sandbox provider.")


class OrderLine(Schema):
    """Pieces of one product, with its name and price when it was ordered."""

    product_id: Id
    name: str
    quantity: int
    unit_price: int = Field(description="Price of one piece in minor units (cents).")
    total: int = Field(description="Price of all pieces in minor units.")


class OrderView(Schema):
    """An order."""

    id: Id
    user_id: Id
    status: Literal[
        "created",
        "rejected",
        "reserved",
        "paying",
        "confirmed",
        "payment_failed",
        "cancelling",
        "cancelled",
        "expired",
        "processing",
    ] = Field(description="processing: at a step that the replica which answers does not know yet, during an upgrade.")
    lines: list[OrderLine]
    total: int = Field(description="Price of all lines in minor units (cents).")
    currency: str = Field(description="ISO 4217 code.")
    expires_at: datetime | None = Field(description="Until when a reserved order has to be paid; else null.")
    created_at: datetime
    updated_at: datetime


class OrderPage(Page[OrderView]):
    """One page of orders."""


class NewCart(Schema):
    """What a cart is to hold from now on; each product is in one line."""

    lines: list[NewLine] = Field(max_length=MAX_LINES)


class CartView(Schema):
    """What a shopper means to order."""

    lines: list[OrderLine] = Field(
        description="With name and price of when the cart was put; an order takes those of its own time."
    )
    total: int = Field(description="Price of all lines in minor units (cents).")
    currency: str = Field(description="ISO 4217 code.")
    updated_at: datetime | None = Field(description="When the cart was put; null for an empty one that never was.")
