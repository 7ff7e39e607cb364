"""The checker: rows in, violations out. It shares no code with the services."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from e2e.consistency.books import FINAL, Books, Row
from e2e.consistency.buying import Outcome


@dataclass(frozen=True)
class Violation:
    """One broken promise.

    Attributes:
        rule: which promise.
        subject: id of the order, product or whatever it is about.
        detail: what was found.
    """

    rule: str
    subject: str
    detail: str


Check = Callable[[Books], Iterable[Violation]]


def orders_are_final(books: Books) -> Iterator[Violation]:
    """Every order has come to an end."""
    for order in books.orders:
        if order["state"] not in FINAL:
            yield Violation("orders are final", order["id"], f"is {order['state']}")


def nothing_is_oversold(books: Books) -> Iterator[Violation]:
    """What confirmed orders hold, those that were cancelled after it included, was there."""
    sold: Counter[str] = Counter()
    paid = {order["id"] for order in books.orders if was_confirmed(order)}
    for line in books.order_lines:
        if line["order_id"] in paid:
            sold[line["product_id"]] += line["quantity"]
    for product, pieces in sold.items():
        if pieces > books.initial.get(product, 0):
            yield Violation("nothing is oversold", product, f"sold {pieces} of {books.initial.get(product, 0)}")


def stock_adds_up(books: Books) -> Iterator[Violation]:
    """Reserved + sold + left = initial; and reserved is what open reservations hold."""
    status = {row["order_id"]: row["status"] for row in books.reservations}
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for line in books.reservation_lines:
        held[status.get(line["order_id"], "unknown")][line["product_id"]] += line["quantity"]
    stock = {row["product_id"]: row for row in books.stock}
    for product, initial in books.initial.items():
        row = stock.get(product, {"on_hand": 0, "reserved": 0})
        reserved, sold = held["reserved"][product], held["committed"][product]
        left = row["on_hand"] - row["reserved"]
        if left < 0 or row["reserved"] < 0:
            yield Violation(
                "stock is never below zero", product, f"on hand {row['on_hand']}, reserved {row['reserved']}"
            )
        if reserved + sold + left != initial:
            detail = f"reserved {reserved} + sold {sold} + left {left} is not {initial}"
            yield Violation("reserved + sold + left = initial", product, detail)
        if row["reserved"] != reserved:
            detail = f"the stock says {row['reserved']}, the open reservations {reserved}"
            yield Violation("reserved is what is reserved", product, detail)


def journal_adds_up(books: Books) -> Iterator[Violation]:
    """The stock is the sum of its movements, and each confirmed order took its pieces once."""
    on_hand: Counter[str] = Counter()
    taken: Counter[tuple[str, str]] = Counter()
    for row in books.movements:
        on_hand[row["product_id"]] += row["delta"]
        if row["order_id"] is not None:
            taken[row["order_id"], row["product_id"]] -= row["delta"]
    for row in books.stock:
        if on_hand[row["product_id"]] != row["on_hand"]:
            detail = f"movements sum up to {on_hand[row['product_id']]}, on hand are {row['on_hand']}"
            yield Violation("the journal sums up to the stock", row["product_id"], detail)
    paid = {order["id"] for order in books.orders if was_confirmed(order)}
    wanted = {
        (line["order_id"], line["product_id"]): line["quantity"]
        for line in books.order_lines
        if line["order_id"] in paid
    }
    for order_id, product in sorted(wanted.keys() | taken.keys()):
        left, bought = taken[order_id, product], wanted.get((order_id, product), 0)
        if left != bought:
            detail = f"{left} pieces of {product} left the stock for {bought} sold"
            yield Violation("sold pieces leave the stock once", order_id, detail)


def reservations_fit_orders(books: Books) -> Iterator[Violation]:
    """Confirmed orders are committed with their very lines; no other final order holds or took anything."""
    status = {row["order_id"]: row["status"] for row in books.reservations}
    ordered, reserved = _lines(books.order_lines), _lines(books.reservation_lines)
    for order in books.orders:
        found = status.get(order["id"])
        if was_confirmed(order):
            if found != "committed" or ordered[order["id"]] != reserved[order["id"]]:
                detail = f"is {order['state']}, its reservation is {found} of {dict(reserved[order['id']])}"
                yield Violation("confirmed orders are committed", order["id"], detail)
        elif order["state"] in FINAL and found not in (None, "released"):
            detail = f"is {order['state']}, its reservation is {found}"
            yield Violation("unsold pieces are released", order["id"], detail)
    known = {order["id"] for order in books.orders}
    for order_id in sorted(status.keys() - known):
        yield Violation("reservations belong to orders", order_id, f"{status[order_id]}, and there is no such order")


def money_fits_orders(books: Books) -> Iterator[Violation]:
    """Captured less refunded is the total of each confirmed order, and nothing of every other; each is charged once."""
    captured, refunded = _amounts(books.charges, "captured"), _amounts(books.refunds, "refunded")
    charged = Counter(row["order_id"] for row in books.charges if row["status"] == "captured")
    for order in books.orders:
        due = order["total"] if order["state"] == "confirmed" else 0
        kept = captured[order["id"]] - refunded[order["id"]]
        if kept != due and order["state"] in FINAL:
            detail = (
                f"is {order['state']}: captured {captured[order['id']]} - refunded {refunded[order['id']]} is not {due}"
            )
            yield Violation("captured - refunded = total of the order", order["id"], detail)
        if charged[order["id"]] > 1:
            yield Violation("an order is charged once", order["id"], f"has {charged[order['id']]} captured charges")
    total = sum(order["total"] for order in books.orders if order["state"] == "confirmed")
    kept = captured.total() - refunded.total()
    if kept != total:
        yield Violation("captured - refunded = total of confirmed orders", "all", f"{kept} is not {total}")
    for row in books.charges + books.refunds:
        if row["status"] == "pending":
            yield Violation("no payment stays open", row["order_id"], "a charge or refund is pending")


def totals_fit_lines(books: Books) -> Iterator[Violation]:
    """An order costs what its lines cost."""
    cost: Counter[str] = Counter()
    for line in books.order_lines:
        cost[line["order_id"]] += line["quantity"] * line["unit_price"]
    for order in books.orders:
        if order["total"] != cost[order["id"]]:
            yield Violation("an order costs what its lines cost", order["id"], f"{order['total']}, {cost[order['id']]}")


def ledger_balances(books: Books) -> Iterator[Violation]:
    """Each posting comes to nothing, and the provider holds what was captured less what was refunded."""
    postings: Counter[tuple[str, str]] = Counter()
    provider: Counter[str] = Counter()
    for row in books.ledger:
        postings[row["transaction_id"], row["posting"]] += row["amount"]
        if row["account"] == "provider":
            provider[row["order_id"]] += row["amount"]
    for (transaction, posting), amount in postings.items():
        if amount != 0:
            yield Violation("the ledger balances", transaction, f"{posting} comes to {amount}")
    captured, refunded = _amounts(books.charges, "captured"), _amounts(books.refunds, "refunded")
    for order_id in sorted(provider.keys() | captured.keys() | refunded.keys()):
        kept = captured[order_id] - refunded[order_id]
        if provider[order_id] != kept:
            detail = f"the provider's account holds {provider[order_id]}, charges and refunds say {kept}"
            yield Violation("the ledger tells what was paid", order_id, detail)


def promises_are_kept(books: Books, outcomes: Sequence[Outcome]) -> Iterator[Violation]:
    """What a shopper was told is so, and a key has placed one order."""
    by_key: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for order in books.orders:
        by_key[order["user_id"], order["idempotency_key"] or ""].append(order)
    for outcome in outcomes:
        found = by_key[outcome.user_id, outcome.key]
        if len(found) > 1:
            yield Violation("a key places one order", outcome.key, f"placed {len(found)}")
        states = _ALLOWED[outcome.told]
        state = next((row["state"] for row in found if outcome.order_id in (None, row["id"])), "unknown")
        if outcome.order_id is not None and state == "unknown":
            yield Violation("what was placed is there", outcome.order_id, f"told {outcome.told}, and there is none")
        elif states is not None and state not in states:
            subject = outcome.order_id or outcome.key
            yield Violation("what was told is so", subject, f"told {outcome.told}, is {state}")


# The states in which an order may be of which this was told; None: any.
_ALLOWED: dict[str, frozenset[str] | None] = {
    "confirmed": frozenset(("confirmed",)),
    "declined": frozenset(("payment_failed",)),
    "rejected": frozenset(("rejected",)),
    "expired": frozenset(("expired",)),
    "cancelled": frozenset(("cancelled",)),
    "cancelling": frozenset(("confirmed", "cancelled")),
    "reserved": frozenset(("expired",)),
    "unknown": None,
}


def was_confirmed(order: Row) -> bool:
    """Tell whether an order is confirmed, or was before it was cancelled: only then is its payment method known."""
    return order["state"] == "confirmed" or (order["state"] == "cancelled" and order["payment_method"] is not None)


def _lines(rows: Sequence[Row]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row["order_id"]][row["product_id"]] += row["quantity"]
    return found


def _amounts(rows: Sequence[Row], status: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        if row["status"] == status:
            found[row["order_id"]] += row["amount"]
    return found
