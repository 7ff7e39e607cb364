"""Cursors of lists: where a page begins, whatever the order."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import orjson
from pydantic import BeforeValidator, WithJsonSchema

from products.models import MAX_PRICE
from shopkit.ids import is_id

Sort = Literal["created_at", "-created_at", "name", "-name", "price", "-price", "relevance"]
# How `q` is met: by its words, or, where no product has them, by names that look alike.
Matching = Literal["all", "words", "similar"]
_CURSOR = re.compile("[A-Za-z0-9_-]{1,2000}")


@dataclass(frozen=True)
class Position:
    """The place in a list after which a page begins: the last product before it."""

    sort: Sort
    matching: Matching
    value: Any
    last_id: str


def _price(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_PRICE:
        raise ValueError
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    return value


def _time(value: object) -> datetime:
    time = datetime.fromisoformat(_name(value))
    if time.tzinfo is None:
        raise ValueError
    return time


def _rank(value: object) -> float:
    if not isinstance(value, float) or not math.isfinite(value):
        raise ValueError
    return value


_READ: Mapping[str, Callable[[object], Any]] = {
    "created_at": _time,
    "name": _name,
    "price": _price,
    "relevance": _rank,
}


def encode(position: Position) -> str:
    """Return the cursor of a position."""
    value = position.value.isoformat() if isinstance(position.value, datetime) else position.value
    raw = orjson.dumps([position.sort, position.matching, value, position.last_id])
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(cursor: object) -> Position:
    """Return the position of a cursor made by `encode`.

    Raises:
        ValueError: this is no cursor of ours.
    """
    try:
        return _position(cursor)
    except (ValueError, TypeError):
        raise ValueError("is not a cursor: take next_cursor of the page before") from None


def _position(cursor: object) -> Position:
    if not isinstance(cursor, str) or _CURSOR.fullmatch(cursor) is None:
        raise ValueError
    sort, matching, value, last_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    if sort not in get_args(Sort) or matching not in get_args(Matching) or not is_id(last_id):
        raise ValueError
    return Position(sort, matching, _READ[sort.lstrip("-")](value), last_id)


Cursor = Annotated[
    Position,
    BeforeValidator(decode),
    WithJsonSchema({"type": "string", "pattern": f"^{_CURSOR.pattern}$"}),
]
