"""Amounts of money as people read them."""

from __future__ import annotations

# ISO 4217: how many digits the minor unit has, where it is not two.
_DIGITS = {
    **dict.fromkeys(
        (
            *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
            *("PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
# Only signs that mean one currency, or the one that most people think of.
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩"}


def formatted(amount: int, currency: str) -> str:
    """Return an amount for a reader of English: €1,999.50.

    Args:
        amount: in minor units.
        currency: ISO 4217 code; without a sign of its own it is written out, with a space that does not break.
    """
    digits = _DIGITS.get(currency, 2)
    whole, rest = divmod(abs(amount), 10**digits)
    number = f"{whole:,}" + (f".{rest:0{digits}}" if digits else "")
    sign = _SIGNS.get(currency, f"{currency}\N{NO-BREAK SPACE}")
    return f"{'-' if amount < 0 else ''}{sign}{number}"
