"""Books in which nothing is wrong: one order of each fate, of one product of which there were ten pieces."""

from __future__ import annotations

from e2e.consistency.books import Books, Row
from e2e.consistency.buying import Outcome

PRODUCT = "product"
USER = "user"
PRICE = 5
# Pieces that each order holds; the order is called by its fate.
PIECES = {"confirmed": 3, "returned": 2, "declined": 1, "voided": 1, "unpaid": 1, "expired": 1, "rejected": 9}
_STATES = {"declined": "payment_failed", "voided": "payment_failed", "returned": "cancelled", "unpaid": "cancelled"}
_SOLD = ("confirmed", "returned")
_CARD = {"confirmed", "returned", "declined", "voided"}


def books() -> Books:
    """Return the books."""
    return Books(
        initial={PRODUCT: 10},
        orders=[_order(fate) for fate in PIECES],
        order_lines=[
            {"order_id": fate, "product_id": PRODUCT, "quantity": pieces, "unit_price": PRICE}
            for fate, pieces in PIECES.items()
        ],
        stock=[{"product_id": PRODUCT, "on_hand": 5, "reserved": 0}],
        reservations=[{"order_id": fate, "status": "committed" if fate in _SOLD else "released"} for fate in PIECES],
        reservation_lines=[
            {"order_id": fate, "product_id": PRODUCT, "quantity": pieces}
            for fate, pieces in PIECES.items()
            if fate != "rejected"
        ],
        movements=[
            {"product_id": PRODUCT, "reason": "set", "delta": 10, "order_id": None},
            *({"product_id": PRODUCT, "reason": "commit", "delta": -PIECES[fate], "order_id": fate} for fate in _SOLD),
        ],
        charges=[_money("confirmed", "captured"), _money("returned", "captured"), _money("declined", "declined")],
        refunds=[_money("returned", "refunded"), _money("voided", "voided", 0)],
        ledger=[*_entries("confirmed", 15), *_entries("returned", 10), *_entries("returned", -10)],
        notifications=[
            {"order_id": "confirmed", "kind": "order_confirmed", "number": 1},
            {"order_id": "returned", "kind": "order_confirmed", "number": 1},
            {"order_id": "returned", "kind": "order_cancelled", "number": 1},
            {"order_id": "unpaid", "kind": "order_cancelled", "number": 1},
            {"order_id": "declined", "kind": "payment_failed", "number": 1},
            {"order_id": "voided", "kind": "payment_failed", "number": 1},
            {"order_id": "expired", "kind": "order_expired", "number": 1},
        ],
        welcomes=[{"user_id": USER, "number": 1}],
        learned=[{"order_id": "confirmed", "returned": False}, {"order_id": "returned", "returned": True}],
        sales=[{"product_id": PRODUCT, "orders": 1}],
        outboxes={"orders": 0, "users": 0},
        dead={"notifications": 0, "recommendations": 0},
        parts=("notifications", "recommendations"),
        users=(USER,),
    )


def outcomes() -> list[Outcome]:
    """Return what the shoppers were told."""
    told = {"unpaid": "cancelled", "returned": "cancelled", "voided": "unknown"}
    return [
        Outcome(number, USER, f"key-{fate}", None if fate == "rejected" else fate, told.get(fate, fate), 0.1)
        for number, fate in enumerate(PIECES)
    ]


def _order(fate: str) -> Row:
    return {
        "id": fate,
        "user_id": USER,
        "state": _STATES.get(fate, fate),
        "total": PIECES[fate] * PRICE,
        "idempotency_key": f"key-{fate}",
        "payment_method": "pm_card_approved" if fate in _CARD else None,
    }


def _money(fate: str, status: str, amount: int | None = None) -> Row:
    return {
        "id": f"{fate}-{status}",
        "order_id": fate,
        "amount": PIECES[fate] * PRICE if amount is None else amount,
        "status": status,
    }


def _entries(fate: str, amount: int) -> list[Row]:
    transaction = f"{fate}{amount}"
    signs = {("sale", "customer"): 1, ("sale", "revenue"): -1, ("payment", "provider"): 1, ("payment", "customer"): -1}
    return [
        {
            "transaction_id": transaction,
            "posting": posting,
            "account": account,
            "order_id": fate,
            "amount": sign * amount,
        }
        for (posting, account), sign in signs.items()
    ]
