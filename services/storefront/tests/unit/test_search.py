"""What a shopper looks for."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from storefront import search
from storefront.search import Search


def test_an_address_is_read_and_written() -> None:
    given = {
        "q": " desk  lamp\x00",
        "category": "lighting",
        "min": "20",
        "max": "49,90",
        "sort": "price",
        "after": "abc",
    }
    wanted = search.read(given, "EUR")
    assert (wanted.words, wanted.category, wanted.lowest, wanted.highest) == ("desk lamp", "lighting", 2000, 4990)
    assert parse_qs(wanted.api_query()) == {
        "q": ["desk lamp"],
        "category": ["lighting"],
        "min_price": ["2000"],
        "max_price": ["4990"],
        "sort": ["price"],
        "limit": ["24"],
        "cursor": ["abc"],
    }
    assert wanted.address(cursor="next") == "q=desk+lamp&category=lighting&min=20&max=49%2C90&sort=price&after=next"
    assert search.first_page(wanted).address(fixed_category=True) == "q=desk+lamp&min=20&max=49%2C90&sort=price"


def test_without_words_the_newest_come_first() -> None:
    assert parse_qs(search.read({}, "EUR").api_query()) == {"sort": ["-created_at"], "limit": ["24"]}
    assert "sort" not in parse_qs(search.read({"q": "lamp"}, "EUR").api_query())


@pytest.mark.parametrize(
    ("given", "field"),
    [({"min": "cheap"}, "min"), ({"max": "1.234"}, "max"), ({"min": "30", "max": "20"}, "max")],
)
def test_prices_that_cannot_be_read_do_not_count_and_are_told(given: dict[str, str], field: str) -> None:
    wanted = search.read(given, "EUR")
    assert (wanted.lowest, wanted.highest, wanted.filtered) == (None, None, False)
    assert wanted.faults.of(field)
    assert wanted.address() == ""


@pytest.mark.parametrize(
    "given", [{"sort": "id; DROP TABLE"}, {"category": "../x"}, {"after": "a b"}, {"after": "x" * 3000}, {"q": "  "}]
)
def test_nonsense_is_left_out(given: dict[str, str]) -> None:
    assert search.read(given, "EUR").api_query() == Search().api_query()


def test_the_paths_category_counts() -> None:
    assert search.read({"category": "cups"}, "EUR", "desk-lamps").category == "desk-lamps"
    assert search.category_name("desk-lamps") == "Desk lamps"
