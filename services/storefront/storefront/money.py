"""Money as people read and write it."""

from __future__ import annotations

import re

# ISO 4217: currencies whose minor unit is not a hundredth.
_EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF"), 0
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    "XPF": 0,
}
_SIGNS = {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}
_AMOUNT = re.compile(r"(\d{1,10})(?:[.,](\d{1,3}))?")


def exponent(currency: str) -> int:
    """Return how many digits of an amount stand after the point."""
    return _EXPONENTS.get(currency, 2)


def show(amount: int, currency: str) -> str:
    """Return an amount of minor units for reading: ``€1,234.50``, or ``CHF 20.00`` (with a no-break space)."""
    digits = exponent(currency)
    whole, rest = divmod(abs(amount), 10**digits)
    number = f"{whole:,}.{rest:0{digits}}" if digits else f"{whole:,}"
    sign = _SIGNS.get(currency, f"{currency}\N{NO-BREAK SPACE}")
    return f"{'−' if amount < 0 else ''}{sign}{number}"  # noqa: RUF001 - a real minus sign


def read(text: str, currency: str) -> int | None:
    """Return the minor units of an amount such as ``20`` or ``19.90``; None if it is not one."""
    match = _AMOUNT.fullmatch(text.strip())
    digits = exponent(currency)
    if match is None or len(match[2] or "") > digits:
        return None
    whole, rest = int(match[1]), int((match[2] or "").ljust(digits, "0") or 0)
    scale: int = 10**digits
    return whole * scale + rest


def plain(amount: int, currency: str) -> str:
    """Return an amount for a form field: what `read` reads."""
    digits = exponent(currency)
    whole, rest = divmod(amount, 10**digits)
    return f"{whole}.{rest:0{digits}}" if rest else str(whole)
