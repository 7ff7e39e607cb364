"""The ledger on a database that was there before it, and beside the release that knows nothing of it."""

from __future__ import annotations

from payments.service import SERVICE
from shopkit.ids import new_id
from shopkit.testing.earlier import Earlier, earlier_database

_CHARGE = """
INSERT INTO charges (id, order_id, user_id, amount, currency, payment_method, status, settled_at, decline_reason)
VALUES (%s, %s, %s, %s, 'EUR', 'pm_card_approved', %s, now(), %s)"""
_BALANCES = "SELECT account, sum(amount)::integer FROM ledger_entries GROUP BY account ORDER BY account"


def charge(database: Earlier, amount: int, status: str) -> None:
    reason = "card_declined" if status == "declined" else None
    database.run(_CHARGE, new_id(), new_id(), new_id(), amount, status, reason)


def test_the_ledger_begins_with_what_was_captured(postgres_url: str) -> None:
    with earlier_database(postgres_url, SERVICE.folder / "migrations") as database:
        database.migrate(1)
        for amount, status in ((700, "captured"), (300, "captured"), (0, "captured"), (90, "declined")):
            charge(database, amount, status)
        database.migrate(1)
        assert database.run(_BALANCES) == [("customer", 0), ("provider", 1000), ("revenue", -1000)]
        # A statement of the earlier release.
        charge(database, 50, "captured")
        assert database.run(_BALANCES) == [("customer", 0), ("provider", 1050), ("revenue", -1050)]
