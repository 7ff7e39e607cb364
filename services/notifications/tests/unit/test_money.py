"""Amounts of money as people read them."""

from __future__ import annotations

import pytest

from notifications.money import formatted


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (199950, "EUR", "€1,999.50"),
        (5, "EUR", "€0.05"),
        (0, "USD", "$0.00"),
        (-1250, "GBP", "-£12.50"),
        (1999, "JPY", "¥1,999"),
        (1999, "KWD", "KWD\N{NO-BREAK SPACE}1.999"),
        (12345, "CHF", "CHF\N{NO-BREAK SPACE}123.45"),
        (10**15, "EUR", "€10,000,000,000,000.00"),
        (12345, "CLF", "CLF\N{NO-BREAK SPACE}1.2345"),
    ],
)
def test_money_is_written_by_its_currency(amount: int, currency: str, text: str) -> None:
    assert formatted(amount, currency) == text
