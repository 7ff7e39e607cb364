"""Money for reading, and as it is typed."""

from __future__ import annotations

import pytest

from storefront import money


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (4490, "EUR", "€44.90"),
        (5, "EUR", "€0.05"),
        (123456789, "USD", "$1,234,567.89"),
        (0, "GBP", "£0.00"),
        (500, "JPY", "¥500"),
        (12345, "KWD", "KWD\u00a012.345"),
        (2000, "CHF", "CHF\u00a020.00"),
    ],
)
def test_amounts_are_shown_as_their_currency_has_it(amount: int, currency: str, shown: str) -> None:
    assert money.show(amount, currency) == shown


@pytest.mark.parametrize(
    ("typed", "currency", "amount"),
    [
        ("20", "EUR", 2000),
        (" 19.90 ", "EUR", 1990),
        ("19,9", "EUR", 1990),
        ("0.05", "EUR", 5),
        ("500", "JPY", 500),
        ("500.5", "JPY", None),
        ("1.2345", "KWD", None),
        ("1.234", "KWD", 1234),
        ("1.999", "EUR", None),
        ("", "EUR", None),
        ("-5", "EUR", None),
        ("five", "EUR", None),
        ("1e3", "EUR", None),
        ("٣", "EUR", 300),
        ("9" * 11, "EUR", None),
    ],
)
def test_what_is_typed_is_read_or_refused(typed: str, currency: str, amount: int | None) -> None:
    assert money.read(typed, currency) == amount


@pytest.mark.parametrize("amount", [0, 5, 100, 1990, 123456])
def test_what_a_field_shows_is_read_back(amount: int) -> None:
    assert money.read(money.plain(amount, "EUR"), "EUR") == amount
