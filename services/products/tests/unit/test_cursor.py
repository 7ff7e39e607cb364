"""Cursors: what comes back is what went in, and nothing else gets in."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from products.cursor import Position, decode, encode

LAST = "0190f3a0-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    "position",
    [
        Position("created_at", "all", datetime(2026, 1, 2, 3, 4, 5, 678901, UTC), LAST),
        Position("-created_at", "similar", datetime(2026, 1, 2, tzinfo=UTC), LAST),
        Position("name", "all", "späť 茶 \"'\\", LAST),
        Position("-price", "words", 10**12, LAST),
        Position("relevance", "words", 0.06079271, LAST),
    ],
)
def test_a_cursor_holds_its_position(position: Position) -> None:
    assert decode(encode(position)) == position


@pytest.mark.parametrize(
    "parts",
    [
        {},
        5,
        None,
        "abcd",
        ["price", "all", 5],
        ["price", "all", 5, LAST, 1],
        ["price", "all", "5", LAST],
        ["price", "all", True, LAST],
        ["price", "all", -1, LAST],
        ["price", "all", 2**63, LAST],
        ["price", "all", 5.0, LAST],
        ["price", "all", 5, "7"],
        ["price", "all", 5, None],
        ["price", "none", 5, LAST],
        ["colour", "all", 5, LAST],
        [["price"], "all", 5, LAST],
        ["name", "all", "a\x00", LAST],
        ["name", "all", None, LAST],
        ["created_at", "all", "today", LAST],
        ["created_at", "all", "2026-01-01T00:00:00", LAST],
        ["relevance", "words", 1, LAST],
        ["relevance", "words", 1e999, LAST],
    ],
)
def test_other_contents_are_refused(parts: Any) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()
    with pytest.raises(ValueError, match="is not a cursor"):
        decode(cursor)


@pytest.mark.parametrize("cursor", ["", "x", "abcde", "a b", "é", "a" * 2001, 5, "W10="])
def test_other_texts_are_refused(cursor: object) -> None:
    with pytest.raises(ValueError, match="is not a cursor"):
        decode(cursor)
