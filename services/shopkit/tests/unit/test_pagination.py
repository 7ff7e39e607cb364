from __future__ import annotations

import pytest

from shopkit.ids import new_id
from shopkit.pagination import decode_cursor, encode_cursor, page


def test_a_cursor_gives_back_the_id() -> None:
    made = new_id()
    assert decode_cursor(encode_cursor(made)) == made


@pytest.mark.parametrize("text", ["", "x", "äöü", "AAAA", "A" * 64, "AAAAAAAAAAAAAAAAAAAAA!"])
def test_something_else_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="is not a cursor"):
        decode_cursor(text)


def test_the_last_page_has_no_cursor() -> None:
    rows = [{"id": new_id()} for _ in range(3)]
    assert page(rows, 3) == {"items": rows, "next_cursor": None}
    assert page(rows, 2) == {"items": rows[:2], "next_cursor": encode_cursor(rows[1]["id"])}
    assert page([], 2) == {"items": [], "next_cursor": None}


def test_later_ids_are_larger() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
