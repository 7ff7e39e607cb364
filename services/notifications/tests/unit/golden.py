"""The mails of `golden`, made again: ``PYTHONPATH=services/shopkit:services/notifications python <this file>``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from notifications.address import mailbox, parse_mailbox
from notifications.kinds import Kind
from notifications.mail import compose
from notifications.rendering import Renderer, Shop

FOLDER = Path(__file__).parent / "golden"
ORDER: dict[str, Any] = {
    "order_id": "0197f0a0-0000-7000-8000-000000000001",
    "currency": "EUR",
    "total": 4248,
    "lines": [
        {"name": "Lamp “Lüna” <XL>", "quantity": 2, "unit_price": 1999, "total": 3998},
        {"name": "Cup", "quantity": 1, "unit_price": 250, "total": 250},
    ],
}
CASES: dict[str, tuple[Kind, dict[str, Any]]] = {
    "welcome": (Kind.WELCOME, {}),
    "order_confirmed": (Kind.ORDER_CONFIRMED, ORDER),
    "payment_failed": (Kind.PAYMENT_FAILED, ORDER),
    "order_cancelled": (Kind.ORDER_CANCELLED, {**ORDER, "refunded": False}),
    "order_cancelled_refunded": (Kind.ORDER_CANCELLED, {**ORDER, "refunded": True}),
    "order_expired": (Kind.ORDER_EXPIRED, {**ORDER, "currency": "JPY"}),
}


def mail(name: str) -> str:
    """Return a mail as text, with the line breaks of files."""
    kind, data = CASES[name]
    rendered = Renderer(Shop("Démo Shop", "https://demo.example.com")).render(kind, data, "Zoë & Sam")
    letter = compose(
        "0197f0a0-0000-7000-8000-0000000000aa",
        datetime(2026, 11, 23, 19, 0, 5, tzinfo=UTC),
        parse_mailbox("Démo Shop <shop@demo.example.com>"),
        mailbox("zoe@example.com", "Zoë & Sam"),
        rendered,
    )
    return letter.content.decode("ascii").replace("\r\n", "\n")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for case in CASES:
        (FOLDER / f"{case}.eml").write_text(mail(case))
