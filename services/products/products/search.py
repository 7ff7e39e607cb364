"""The SQL of lists: a statement of exactly those conditions that are asked for, so that indexes fit it."""

from __future__ import annotations

from typing import Any

from products.cursor import Matching, Position, Sort
from products.listing import ListQuery

# The usual limit of 0.6 misses two swapped letters in a short word ("chiar").
SIMILARITY = "SET LOCAL pg_trgm.word_similarity_threshold = 0.3"

_COLUMNS = "SELECT id, name, description, price, currency, category, image_url, sku, created_at, updated_at,"
_KEYS = {"created_at": "created_at", "name": "lower(name)", "price": "price"}
_TYPES = {"created_at": "timestamptz", "name": "text", "price": "bigint", "relevance": "float8"}
_RANKS: dict[Matching, str] = {
    "words": "ts_rank(search, websearch_to_tsquery('pg_catalog.english', %(q)s))::float8",
    "similar": "word_similarity(%(q)s, name)::float8",
}
_MATCHES: dict[Matching, str] = {
    "all": "true",
    "words": "search @@ websearch_to_tsquery('pg_catalog.english', %(q)s)",
    "similar": "name %%> %(q)s",
}
_FILTERS = {
    "category": "category = %(category)s",
    "min_price": "price >= %(min_price)s",
    "max_price": "price <= %(max_price)s",
}


def statement(query: ListQuery, sort: Sort, matching: Matching, after: Position | None) -> tuple[str, dict[str, Any]]:
    """Return the SELECT of one page (and one row more), and its parameters.

    The rows have the columns of a product and `sort_key`. "similar" needs `SIMILARITY` in its transaction.
    Every piece of SQL is a constant; what the client sends is in the parameters.
    """
    name = sort.lstrip("-")
    key = _RANKS[matching] if sort == "relevance" else _KEYS[name]
    descending = sort == "relevance" or sort.startswith("-")
    values: dict[str, Any] = {**query.model_dump(include={"q", *_FILTERS}), "count": query.limit + 1}
    conditions = [_MATCHES[matching], *(sql for field, sql in _FILTERS.items() if values[field] is not None)]
    if after is not None:
        # Keys may be equal, ids are not: both together say exactly where the page before ended.
        comparison = "<" if descending else ">"
        conditions.append(f"({key}, id) {comparison} (%(after_key)s::{_TYPES[name]}, %(after_id)s::uuid)")
        values |= {"after_key": after.value, "after_id": after.last_id}
    direction = "DESC" if descending else "ASC"
    parts = [
        _COLUMNS,
        f"{key} AS sort_key FROM products WHERE",
        " AND ".join(conditions),
        f"ORDER BY {key} {direction}, id {direction} LIMIT %(count)s",
    ]
    return " ".join(parts), values
