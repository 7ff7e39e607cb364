"""The checker, continued: events took effect exactly once, in every service that listens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from e2e.consistency import invariants
from e2e.consistency.books import Books
from e2e.consistency.buying import Outcome
from e2e.consistency.invariants import Check, Violation, was_confirmed

_TOLD_BY_STATE = {"confirmed": "order_confirmed", "payment_failed": "payment_failed", "expired": "order_expired"}


def outboxes_are_empty(books: Books) -> Iterator[Violation]:
    """All events have been published."""
    for service, waiting in books.outboxes.items():
        if waiting:
            yield Violation("outboxes are empty", service, f"{waiting} events wait")


def nothing_is_given_up(books: Books) -> Iterator[Violation]:
    """No event lies among the dead letters."""
    for service, dead in books.dead.items():
        if dead:
            yield Violation("no event is given up", service, f"{dead} dead letters")


def events_reach_notifications_once(books: Books) -> Iterator[Violation]:
    """Each order has exactly the notifications of what happened to it, and each account one welcome."""
    if "notifications" not in books.parts:
        return
    expected: Counter[tuple[str, str]] = Counter()
    for order in books.orders:
        if order["state"] in _TOLD_BY_STATE:
            expected[order["id"], _TOLD_BY_STATE[order["state"]]] = 1
        if order["state"] == "cancelled":
            expected[order["id"], "order_cancelled"] = 1
            if was_confirmed(order):
                expected[order["id"], "order_confirmed"] = 1
    found = Counter({(row["order_id"], row["kind"]): row["number"] for row in books.notifications})
    for order_id, kind in sorted(expected.keys() | found.keys()):
        seen, due = found[order_id, kind], expected[order_id, kind]
        if seen != due:
            yield Violation("events reach notifications once", order_id, f"{kind}: {seen} instead of {due}")
    welcomes = Counter({row["user_id"]: row["number"] for row in books.welcomes})
    for user in books.users:
        if welcomes[user] != 1:
            yield Violation("events reach notifications once", user, f"welcome: {welcomes[user]} instead of 1")


def events_reach_recommendations_once(books: Books) -> Iterator[Violation]:
    """Confirmed orders were learned from once, refunded ones taken back once, and the counts are their sum."""
    if "recommendations" not in books.parts:
        return
    expected = {order["id"]: order["state"] == "cancelled" for order in books.orders if was_confirmed(order)}
    found = {row["order_id"]: row["returned"] for row in books.learned}
    for order_id in sorted(expected.keys() | found.keys()):
        seen, due = found.get(order_id), expected.get(order_id)
        if seen != due:
            yield Violation("events reach recommendations once", order_id, f"returned: {seen} instead of {due}")
    counts: Counter[str] = Counter(
        line["product_id"] for line in books.order_lines if expected.get(line["order_id"]) is False
    )
    sales = Counter({row["product_id"]: row["orders"] for row in books.sales})
    for product in sorted(counts.keys() | sales.keys()):
        if sales[product] != counts[product]:
            detail = f"counts {sales[product]} orders, there are {counts[product]}"
            yield Violation("events reach recommendations once", product, detail)


CHECKS: tuple[Check, ...] = (
    invariants.orders_are_final,
    invariants.nothing_is_oversold,
    invariants.stock_adds_up,
    invariants.journal_adds_up,
    invariants.reservations_fit_orders,
    invariants.money_fits_orders,
    invariants.totals_fit_lines,
    invariants.ledger_balances,
    outboxes_are_empty,
    nothing_is_given_up,
    events_reach_notifications_once,
    events_reach_recommendations_once,
)


def violations(books: Books, outcomes: Sequence[Outcome]) -> list[Violation]:
    """Return everything that is wrong."""
    found = [violation for check in CHECKS for violation in check(books)]
    return [*found, *invariants.promises_are_kept(books, outcomes)]
