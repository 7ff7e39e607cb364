"""What goes in and out of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from shopkit.ids import Id
from shopkit.pagination import Page
from shopkit.validation import Schema

MAX_PRICE = 10**12

Name = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=10_000)]
Price = Annotated[int, Field(ge=0, le=MAX_PRICE, description="Price of one piece in minor units (cents).")]
Category = Annotated[
    str,
    Field(
        max_length=64,
        pattern="^[a-z0-9]+(-[a-z0-9]+)*$",
        description="Category as a slug: lower-case words joined by hyphens.",
    ),
]
# A scheme that is not http(s), such as javascript:, has no place on a page; neither has a path that names a host.
ImageUrl = Annotated[
    str,
    Field(
        max_length=2000,
        pattern=r"^(https?://[!-~]+|/|/[!-.0-\[\]-~][!-~]*)$",
        description="Picture: an http(s) URL, or an absolute path in the shop.",
    ),
]
Sku = Annotated[
    str,
    Field(
        max_length=64,
        pattern="^[A-Za-z0-9][A-Za-z0-9._/-]*$",
        description="The shop's own article number (stock keeping unit); no two products share one.",
    ),
]


class NewProduct(Schema):
    """A product to be added, or the whole of what one becomes."""

    name: Name
    description: Description = ""
    price: Price
    category: Category | None = None
    image_url: ImageUrl | None = None
    sku: Sku | None = None


class ProductPatch(Schema):
    """The fields of a product that change; those left out stay, null empties (JSON Merge Patch, RFC 7396)."""

    # The factories only say that a field may be left out: `model_fields_set` tells what was sent.
    name: Name = Field(default_factory=str)
    description: Description = Field(default_factory=str)
    price: Price = Field(default_factory=int)
    category: Category | None = Field(default_factory=lambda: None)
    image_url: ImageUrl | None = Field(default_factory=lambda: None)
    sku: Sku | None = Field(default_factory=lambda: None)


class Product(Schema):
    """A product of the catalogue."""

    id: Id
    name: str
    description: str
    price: int = Field(description="Price of one piece in minor units (cents).")
    currency: str = Field(description="ISO 4217 code.")
    category: str | None = Field(description="Category as a slug.")
    image_url: str | None = Field(description="Picture: an http(s) URL, or an absolute path in the shop.")
    sku: str | None = Field(description="The shop's own article number.")
    created_at: datetime
    updated_at: datetime


class ProductPage(Page[Product]):
    """One page of products."""


class CategorySize(Schema):
    """A category and how many products it has."""

    category: str
    products: int


class Categories(Schema):
    """All categories that have products, by name."""

    items: list[CategorySize]


class ImportFault(Schema):
    """What is wrong with a line."""

    field: str
    detail: str


class ImportedLine(Schema):
    """What became of a line."""

    line: int = Field(description="Line of the CSV file, or place in the JSON array; from 1.")
    sku: str | None = Field(description="Its sku, if that could be read.")
    result: Literal["created", "updated", "unchanged", "kept", "error"]
    id: Id | None = Field(
        description="The product; null for an error, what a dry run would create, and what was kept deleted."
    )
    errors: list[ImportFault] = Field(description="What is wrong; empty but for errors.")


class ImportReport(Schema):
    """What became of a catalogue."""

    dry_run: bool
    created: int
    updated: int
    unchanged: int
    kept: int = Field(description="Of an initial import: what the shop has, or had, already.")
    failed: int
    lines: list[ImportedLine]
