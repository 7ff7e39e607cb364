"""What users are told, in a sentence each: the kinds of notifications."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from notifications.money import formatted


class Kind(StrEnum):
    """Kinds of notifications; each has a template."""

    WELCOME = "welcome"
    ORDER_CONFIRMED = "order_confirmed"
    PAYMENT_FAILED = "payment_failed"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_EXPIRED = "order_expired"


def title(kind: Kind, data: Mapping[str, Any], shop: str) -> str:
    """Return the headline of a notification, the subject of its mail.

    Args:
        kind: what it is about.
        data: the order as its event told it; empty for a welcome.
        shop: name of the shop for people.
    """
    match kind:
        case Kind.WELCOME:
            return f"Welcome to {shop}"
        case Kind.ORDER_CONFIRMED:
            return f"Your order of {_total(data)} is confirmed"
        case Kind.PAYMENT_FAILED:
            return f"The payment of your order of {_total(data)} failed"
        case Kind.ORDER_CANCELLED:
            return f"Your order of {_total(data)} is cancelled"
        case Kind.ORDER_EXPIRED:
            return f"Your order of {_total(data)} has expired"


def text(kind: Kind, data: Mapping[str, Any]) -> str:
    """Return what a notification says below its headline."""
    match kind:
        case Kind.WELCOME:
            return "Your account is ready."
        case Kind.ORDER_CONFIRMED:
            return f"Thank you for your order of {_pieces(data)}. It is paid."
        case Kind.PAYMENT_FAILED:
            return "No money was taken, and nothing is reserved any more. You can order again."
        case Kind.ORDER_CANCELLED if data["refunded"]:
            return f"We give {_total(data)} back to the card that you paid with."
        case Kind.ORDER_CANCELLED:
            return "No money was taken."
        case Kind.ORDER_EXPIRED:
            return "It was not paid in time. No money was taken, and nothing is reserved any more."


def _total(data: Mapping[str, Any]) -> str:
    return formatted(data["total"], data["currency"])


def _pieces(data: Mapping[str, Any]) -> str:
    count = sum(line["quantity"] for line in data["lines"])
    return "1 piece" if count == 1 else f"{count:,} pieces"
