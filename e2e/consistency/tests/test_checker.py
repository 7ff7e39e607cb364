"""The checker finds nothing in clean books, and each kind of violation where it was put."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from e2e.consistency.books import Books, Row
from e2e.consistency.effects import CHECKS, violations
from e2e.consistency.tests import clean

Change = Callable[[Books], Books]
PAID = "captured - refunded = total of the order"
PAID_IN_ALL = "captured - refunded = total of confirmed orders"
COMMITTED = "confirmed orders are committed"
NOTIFIED = "events reach notifications once"
LEARNED = "events reach recommendations once"


def test_clean_books_have_no_violation() -> None:
    assert violations(clean.books(), clean.outcomes()) == []


def _with(books: Books, **changed: Any) -> Books:
    return Books(**{**vars(books), **changed})


def _row(field: str, position: int, **changed: object) -> Change:
    """Change one row."""

    def change(books: Books) -> Books:
        rows: list[Row] = list(getattr(books, field))
        rows[position] = {**rows[position], **changed}
        return _with(books, **{field: rows})

    return change


def _without(field: str, position: int) -> Change:
    """Lose one row."""

    def change(books: Books) -> Books:
        rows: list[Row] = list(getattr(books, field))
        return _with(books, **{field: rows[:position] + rows[position + 1 :]})

    return change


def _twice(field: str, position: int) -> Change:
    """Have one row twice."""

    def change(books: Books) -> Books:
        rows: list[Row] = getattr(books, field)
        return _with(books, **{field: [*rows, rows[position]]})

    return change


def _all(**changed: object) -> Change:
    return lambda books: _with(books, **changed)


# What is put into the books, and the rule that has to find it (others may find it too).
SEEDED: list[tuple[str, Change, str, str]] = [
    ("an order hangs", _row("orders", 0, state="paying"), "orders are final", "confirmed"),
    ("more sold than there was", _all(initial={clean.PRODUCT: 4}), "nothing is oversold", clean.PRODUCT),
    ("stock below zero", _row("stock", 0, on_hand=-1), "stock is never below zero", clean.PRODUCT),
    ("a piece vanished", _row("stock", 0, on_hand=4), "reserved + sold + left = initial", clean.PRODUCT),
    ("a piece appeared", _row("stock", 0, on_hand=6), "reserved + sold + left = initial", clean.PRODUCT),
    ("reserved by nobody", _row("stock", 0, reserved=1), "reserved is what is reserved", clean.PRODUCT),
    ("a movement is missing", _without("movements", 1), "the journal sums up to the stock", clean.PRODUCT),
    ("pieces left twice", _twice("movements", 1), "sold pieces leave the stock once", "confirmed"),
    ("pieces never left", _without("movements", 1), "sold pieces leave the stock once", "confirmed"),
    ("sold and not committed", _row("reservations", 0, status="released"), COMMITTED, "confirmed"),
    ("other lines committed", _row("reservation_lines", 0, quantity=2), COMMITTED, "confirmed"),
    ("unpaid and committed", _row("reservations", 4, status="committed"), "unsold pieces are released", "unpaid"),
    ("expired and still held", _row("reservations", 5, status="reserved"), "unsold pieces are released", "expired"),
    ("no such order", _without("orders", 0), "reservations belong to orders", "confirmed"),
    ("confirmed and not paid", _row("charges", 0, status="declined"), PAID, "confirmed"),
    ("too little paid", _row("charges", 0, amount=14), PAID, "confirmed"),
    ("failed and charged", _row("charges", 2, status="captured"), PAID, "declined"),
    ("cancelled, no refund", _without("refunds", 0), PAID, "returned"),
    ("charged twice", _twice("charges", 0), "an order is charged once", "confirmed"),
    ("money of no order", _row("charges", 2, order_id="x", status="captured"), PAID_IN_ALL, "all"),
    ("a charge stays open", _row("charges", 2, status="pending"), "no payment stays open", "declined"),
    ("a refund stays open", _row("refunds", 1, status="pending"), "no payment stays open", "voided"),
    ("a wrong total", _row("orders", 6, total=1), "an order costs what its lines cost", "rejected"),
    ("a posting does not balance", _row("ledger", 0, amount=14), "the ledger balances", "confirmed15"),
    ("captured and not booked", _without("ledger", 2), "the ledger tells what was paid", "confirmed"),
    ("an event waits", _all(outboxes={"orders": 1}), "outboxes are empty", "orders"),
    ("a dead letter", _all(dead={"notifications": 2}), "no event is given up", "notifications"),
    ("a lost notification", _without("notifications", 0), NOTIFIED, "confirmed"),
    ("told twice", _row("notifications", 0, number=2), NOTIFIED, "confirmed"),
    ("told in vain", _row("notifications", 6, order_id="rejected"), NOTIFIED, "rejected"),
    ("no welcome", _all(welcomes=[]), NOTIFIED, clean.USER),
    ("never learned", _without("learned", 0), LEARNED, "confirmed"),
    ("not taken back", _row("learned", 1, returned=False), LEARNED, "returned"),
    ("counted twice", _row("sales", 0, orders=2), LEARNED, clean.PRODUCT),
    ("told confirmed, is not", _row("orders", 0, state="payment_failed"), "what was told is so", "confirmed"),
    ("told declined, is confirmed", _row("orders", 2, state="confirmed"), "what was told is so", "declined"),
    ("told rejected, is confirmed", _row("orders", 6, state="confirmed"), "what was told is so", "key-rejected"),
    ("told cancelled, is confirmed", _row("orders", 1, state="confirmed"), "what was told is so", "returned"),
    ("a placed order is gone", _without("orders", 0), "what was placed is there", "confirmed"),
    ("a key placed two orders", _twice("orders", 0), "a key places one order", "key-confirmed"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "rule", "subject"), [each[1:] for each in SEEDED], ids=[each[0] for each in SEEDED])
def test_a_seeded_violation_is_found(change: Change, rule: str, subject: str) -> None:
    found = violations(change(clean.books()), clean.outcomes())
    assert (rule, subject) in {(each.rule, each.subject) for each in found}


def test_every_rule_has_a_seeded_violation() -> None:
    """A rule that nothing was seeded for may be deaf."""
    rules = {each[2] for each in SEEDED}
    seen = {each.rule for _, change, _, _ in SEEDED for each in violations(change(clean.books()), clean.outcomes())}
    assert seen == rules
    for check in CHECKS:
        assert any(list(check(change(clean.books()))) for _, change, _, _ in SEEDED), check.__name__


def test_without_a_broker_events_are_not_asked_for() -> None:
    books = _with(clean.books(), parts=(), notifications=[], welcomes=[], learned=[], sales=[], outboxes={}, dead={})
    assert violations(books, clean.outcomes()) == []
