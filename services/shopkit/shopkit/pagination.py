"""Lists by pages: ``{items, next_cursor}``, where the cursor is opaque to the client."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, Field

from shopkit.validation import Schema

Item = TypeVar("Item")
_CURSOR = re.compile("[A-Za-z0-9_-]{22}")


def encode_cursor(last_id: str) -> str:
    """Return the cursor of the page that begins after the row with this id."""
    return base64.urlsafe_b64encode(uuid.UUID(last_id).bytes).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str) -> str:
    """Return the id in a cursor made by `encode_cursor`.

    Raises:
        ValueError: this is no cursor of ours.
    """
    if _CURSOR.fullmatch(cursor) is None:
        raise ValueError("is not a cursor: take next_cursor of the page before")
    return str(uuid.UUID(bytes=base64.urlsafe_b64decode(cursor + "==")))


Cursor = Annotated[str, Field(json_schema_extra={"pattern": f"^{_CURSOR.pattern}$"}), AfterValidator(decode_cursor)]


class PageQuery(Schema):
    """Query parameters of every list; `cursor` arrives decoded: the id after which the page begins."""

    limit: int = Field(default=20, ge=1, le=100, description="How many items at most.")
    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before.")


class Page(Schema, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    next_cursor: str | None = Field(description="Cursor of the next page; null on the last one.")


def page(rows: Sequence[dict[str, Any]], limit: int) -> dict[str, Any]:
    """Make a page of rows that were selected with ``LIMIT limit + 1`` and have a column `id`."""
    shown = list(rows[:limit])
    return {"items": shown, "next_cursor": encode_cursor(shown[-1]["id"]) if len(rows) > limit else None}
