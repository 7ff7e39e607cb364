"""Lists of products: what may be asked for, and what follows from it. Decisions only; nothing is read here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from products.cursor import Cursor, Matching, Position, Sort, encode
from products.models import MAX_PRICE, Category
from shopkit import problems
from shopkit.database import Row
from shopkit.ids import UUID_REGEX
from shopkit.validation import Schema

_MOST_IDS = 100
Ids = Annotated[
    str,
    Field(pattern=f"^{UUID_REGEX}(,{UUID_REGEX}){{0,{_MOST_IDS - 1}}}$"),
    AfterValidator(str.lower),
]
"""Up to a hundred ids with commas between them."""


class ListQuery(Schema):
    """Which products are listed, and in which order."""

    q: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Words of name, category, sku or description; -word excludes, quotes keep words together. "
        "Where no product has them, products with similar names are listed.",
    )
    category: Category | None = None
    min_price: int | None = Field(default=None, ge=0, le=MAX_PRICE, description="Least price, in minor units.")
    max_price: int | None = Field(default=None, ge=0, le=MAX_PRICE, description="Highest price, in minor units.")
    sort: Sort | None = Field(
        default=None,
        description="Order; - turns it round. Without it the oldest come first, or with q the most relevant.",
    )
    ids: Ids | None = Field(
        default=None,
        description="These products and no others, up to 100 ids with commas between them; those that do not exist are "
        "left out. The only parameter then, and the only page.",
    )
    limit: int = Field(default=20, ge=1, le=100, description="How many items at most.")
    cursor: Cursor | None = Field(
        default=None, description="`next_cursor` of the page before; the other parameters must stay the same."
    )


def only_ids(query: ListQuery) -> list[str] | None:
    """Return the ids, if products are asked for by them.

    Raises:
        Problem: 422 when there are other parameters too.
    """
    if query.ids is None:
        return None
    others = sorted(query.model_fields_set - {"ids"})
    if others:
        raise problems.invalid([{"field": name, "detail": "does not go with ids"} for name in others])
    return query.ids.split(",")


def first_position(query: ListQuery) -> tuple[Sort, Matching, Position | None]:
    """Return order and matching of the page that is asked for, and what it begins after.

    Raises:
        Problem: 422 when order, search and cursor do not fit together.
    """
    sort: Sort = query.sort or ("relevance" if query.q else "created_at")
    if sort == "relevance" and not query.q:
        raise problems.invalid([{"field": "sort", "detail": "relevance needs q"}])
    position = query.cursor
    if position is None:
        return sort, "words" if query.q else "all", None
    if position.sort != sort or (position.matching == "all") != (query.q is None):
        raise problems.invalid([{"field": "cursor", "detail": "belongs to a list with another sort or q"}])
    return sort, position.matching, position


def page(rows: list[Row], limit: int, sort: Sort, matching: Matching) -> dict[str, Any]:
    """Make a page of rows that were selected by `products.search.statement`."""
    shown = rows[:limit]
    keys = [row.pop("sort_key") for row in shown]
    more = len(rows) > limit
    cursor = encode(Position(sort, matching, keys[-1], shown[-1]["id"])) if more else None
    return {"items": shown, "next_cursor": cursor}
