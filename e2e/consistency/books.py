"""All that the databases of a shop say, read from the outside as the superuser."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from e2e.support.shop import Shop

Row = dict[str, Any]

FINAL = frozenset(("rejected", "confirmed", "payment_failed", "cancelled", "expired"))

# Per database the rows that the checker looks at. No view and no column is used that a service has computed for it.
_QUERIES = {
    "orders": {
        "orders": "SELECT id, user_id, state, total, idempotency_key, payment_method FROM orders",
        "order_lines": "SELECT order_id, product_id, quantity, unit_price FROM order_lines",
    },
    "inventory": {
        "stock": "SELECT product_id, on_hand, reserved FROM stock",
        "reservations": "SELECT order_id, status FROM reservations",
        "reservation_lines": "SELECT order_id, product_id, quantity FROM reservation_lines",
        "movements": "SELECT product_id, reason, delta, order_id FROM movements",
    },
    "payments": {
        "charges": "SELECT id, order_id, amount, status FROM charges",
        "refunds": "SELECT id, order_id, amount, status FROM refunds",
        "ledger": "SELECT transaction_id, posting, account, order_id, amount FROM ledger_entries",
    },
}
_OPTIONAL = {
    "notifications": {
        "notifications": "SELECT data ->> 'order_id' AS order_id, kind, count(*) AS number FROM notifications "
        "WHERE data ->> 'order_id' IS NOT NULL GROUP BY 1, 2",
        "welcomes": "SELECT user_id, count(*) AS number FROM notifications WHERE kind = 'welcome' GROUP BY 1",
    },
    "recommendations": {
        "learned": "SELECT order_id, returned FROM learned_orders",
        "sales": "SELECT product_id, orders FROM sales",
    },
}


@dataclass(frozen=True)
class Books:
    """The rows of all databases.

    Attributes:
        initial: pieces of each product before the first order.
        parts: which optional databases there are (`notifications`, `recommendations`).
        outboxes: events that wait, by service.
        dead: dead letters, by service; empty where there is no broker.
        users: ids of the accounts that were made for the campaign.
    """

    initial: dict[str, int]
    orders: list[Row] = field(default_factory=list)
    order_lines: list[Row] = field(default_factory=list)
    stock: list[Row] = field(default_factory=list)
    reservations: list[Row] = field(default_factory=list)
    reservation_lines: list[Row] = field(default_factory=list)
    movements: list[Row] = field(default_factory=list)
    charges: list[Row] = field(default_factory=list)
    refunds: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    notifications: list[Row] = field(default_factory=list)
    welcomes: list[Row] = field(default_factory=list)
    learned: list[Row] = field(default_factory=list)
    sales: list[Row] = field(default_factory=list)
    outboxes: dict[str, int] = field(default_factory=dict)
    dead: dict[str, int] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


def read(shop: Shop, initial: dict[str, int], users: Sequence[str]) -> Books:
    """Read all databases."""
    found: dict[str, list[Row]] = {}
    parts = tuple(name for name in _OPTIONAL if _has_database(shop, name))
    for database, queries in {**_QUERIES, **{name: _OPTIONAL[name] for name in parts}}.items():
        found.update(_select(shop, database, queries))
    publishers = [name for name in ("users", "orders") if _has_table(shop, name, "outbox")]
    return Books(
        initial=initial,
        **found,
        outboxes={name: int(shop.sql(name, "SELECT count(*) FROM outbox")) for name in publishers},
        dead={name: dead_letters(shop, name) for name in parts},
        parts=parts if publishers else (),
        users=tuple(users),
    )


def unfinished(shop: Shop) -> int:
    """Return how many orders are not final."""
    states = ", ".join(f"'{state}'" for state in sorted(FINAL))
    return int(shop.sql("orders", f"SELECT count(*) FROM orders WHERE state NOT IN ({states})"))  # noqa: S608 - constants


def dead_letters(shop: Shop, service: str) -> int:
    """Return how many events a consumer has given up."""
    listed = shop.kubectl(
        "exec", f"deployment/{shop.name}-{service}", "--", "python", "-m", "shopkit", "dead-letters", service, "list"
    )
    return len([line for line in listed.splitlines() if line.strip()])


def _select(shop: Shop, database: str, queries: dict[str, str]) -> dict[str, list[Row]]:
    """Run the queries of one database in one statement, and so on one snapshot."""
    columns = ", ".join(
        f"'{name}', (SELECT coalesce(json_agg(found), '[]') FROM ({query}) AS found)"  # noqa: S608 - constants
        for name, query in queries.items()
    )
    answer: dict[str, list[Row]] = json.loads(shop.sql(database, f"SELECT json_build_object({columns})"))
    return answer


def _has_database(shop: Shop, name: str) -> bool:
    return shop.sql("postgres", f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == "1"  # noqa: S608


def _has_table(shop: Shop, database: str, table: str) -> bool:
    return shop.sql(database, f"SELECT to_regclass('{table}') IS NOT NULL") == "t"
