"""Refunds in the database. The ledger's entries are written by triggers, within the same transactions."""

from __future__ import annotations

from shopkit.database import Database, Row, Transaction
from shopkit.ids import new_id

_LOCK_CHARGE = "SELECT id, status, amount, currency FROM charges WHERE order_id = %s FOR UPDATE"
_TOMBSTONE = """
INSERT INTO charges (id, order_id, amount, status, settled_at) VALUES (%s, %s, 0, 'voided', now())
ON CONFLICT (order_id) DO NOTHING RETURNING id"""
_VOID = "UPDATE charges SET status = 'voided', settled_at = now() WHERE id = %s"
_BEGIN = """
INSERT INTO refunds (id, order_id, charge_id, amount, currency, status, settled_at)
VALUES (%(id)s, %(order)s, %(charge)s, %(amount)s, %(currency)s, %(status)s,
    CASE %(status)s WHEN 'pending' THEN NULL ELSE now() END)"""
_OF_ORDER = """
SELECT refunds.id, refunds.order_id, charge_id, refunds.amount, refunds.currency, refunds.status, refunds.created_at,
    charges.status AS charge_status
FROM refunds JOIN charges ON charges.id = charge_id WHERE refunds.order_id = %s"""
_SETTLE = """
UPDATE refunds SET status = %s, provider_reference = %s, settled_at = now() WHERE id = %s AND status = 'pending'
RETURNING id, order_id, amount, currency, status, created_at"""


class RefundRepository:
    """The table `refunds`, and what it does to `charges`.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, order_id: str, amount: int | None) -> tuple[Row | None, bool]:
        """Record that an order is to be refunded, with what follows from it for its charge.

        A captured charge gets a pending refund. One that is pending is voided: from here on no answer of the provider
        makes it captured, and the provider has to be told (pending). With none, or a declined one, nothing is left
        to be done (voided).

        Args:
            order_id: the order.
            amount: how much of the captured amount; None: all of it.

        Returns:
            The refund with `charge_id` and `charge_status`, and whether it is new; None (and no change) if the amount
            is more than was captured.
        """
        with self._database.transaction() as transaction:
            charge = _charge(transaction, order_id)
            known = transaction.fetch_one(_OF_ORDER, (order_id,))
            if known is not None:
                return known, False
            if charge["status"] == "captured" and amount is not None and amount > charge["amount"]:
                return None, False
            transaction.execute(_BEGIN, _beginning(order_id, charge, amount))
            if charge["status"] == "pending":
                transaction.execute(_VOID, (charge["id"],))
            return transaction.fetch_row(_OF_ORDER, (order_id,)), True

    def of_order(self, order_id: str) -> Row:
        """Return the refund of an order that has one. Raises LookupError if it has none."""
        return self._database.fetch_row(_OF_ORDER, (order_id,))

    def settle(self, refund_id: str, status: str, reference: str | None) -> Row | None:
        """Record how a pending refund ended and return it; None (and no change) if that is recorded already."""
        return self._database.fetch_one(_SETTLE, (status, reference, refund_id))


def _charge(transaction: Transaction, order_id: str) -> Row:
    """Return the charge of an order, locked; of an order without one, the tombstone that is put in its place."""
    found = transaction.fetch_one(_LOCK_CHARGE, (order_id,))
    if found is None:
        transaction.execute(_TOMBSTONE, (new_id(), order_id))
        # The tombstone, or the charge that came first.
        found = transaction.fetch_row(_LOCK_CHARGE, (order_id,))
    return found


def _beginning(order_id: str, charge: Row, amount: int | None) -> Row:
    refunded = (charge["amount"] if amount is None else amount) if charge["status"] == "captured" else 0
    if charge["status"] in ("declined", "voided"):
        status = "voided"
    else:
        # Nothing was taken of an order of free products: the provider does not know it.
        status = "refunded" if charge["amount"] == 0 and charge["status"] == "captured" else "pending"
    return {
        "id": new_id(),
        "order": order_id,
        "charge": charge["id"],
        "amount": refunded,
        "currency": charge["currency"],
        "status": status,
    }
