"""What the ledger says, read past the service."""

from __future__ import annotations

from shopkit.database import Database


def entries(database: Database, transaction_id: str) -> list[tuple[str, str, int]]:
    """Return posting, account and amount of each entry of a charge or refund."""
    rows = database.fetch_all(
        "SELECT posting, account, amount FROM ledger_entries WHERE transaction_id = %s ORDER BY 1, 2", (transaction_id,)
    )
    return [(row["posting"], row["account"], row["amount"]) for row in rows]


def balances(database: Database) -> dict[str, int]:
    """Return the balance of each account that has entries."""
    rows = database.fetch_all("SELECT account, sum(amount)::bigint AS balance FROM ledger_entries GROUP BY account")
    return {row["account"]: row["balance"] for row in rows}
