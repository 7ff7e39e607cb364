"""What goes in and out of the API."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from shopkit.ids import Id
from shopkit.pagination import Page
from shopkit.validation import Schema

MAX_PRICE = 10**12


class NewProduct(Schema):
    """A product to be added, or the whole of what one becomes."""

    name: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=10_000)
    price: int = Field(ge=0, le=MAX_PRICE, description="Price of one piece in minor units (cents).")


class ProductPatch(Schema):
    """The fields of a product that change; those left out stay (JSON Merge Patch, RFC 7396)."""

    # The factories only say that a field may be left out: `model_fields_set` tells what was sent.
    name: str = Field(default_factory=str, min_length=1, max_length=200)
    description: str = Field(default_factory=str, max_length=10_000)
    price: int = Field(
        default_factory=int, ge=0, le=MAX_PRICE, description=NewProduct.model_fields["price"].description
    )


class Product(Schema):
    """A product of the catalogue."""

    id: Id
    name: str
    description: str
    price: int = Field(description="Price of one piece in minor units (cents).")
    currency: str = Field(description="ISO 4217 code.")
    created_at: datetime
    updated_at: datetime


class ProductPage(Page[Product]):
    """One page of products."""
