"""Charges in the database."""

from __future__ import annotations

from payments.models import NewCharge
from payments.provider import Captured, Outcome
from shopkit.database import Database, Row

_BEGIN = """
INSERT INTO charges (id, order_id, user_id, amount, currency, payment_method)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (order_id) DO NOTHING
RETURNING id, order_id, user_id, amount, currency, payment_method, status, decline_reason, created_at"""
_OF_ORDER = """
SELECT id, order_id, user_id, amount, currency, payment_method, status, decline_reason, created_at
FROM charges WHERE order_id = %s"""
_GET = """
SELECT id, order_id, user_id, amount, currency, payment_method, status, decline_reason, created_at
FROM charges WHERE id = %s"""
_SETTLE = """
UPDATE charges SET status = %s, provider_reference = %s, decline_reason = %s, settled_at = now()
WHERE id = %s AND status = 'pending'
RETURNING id, order_id, user_id, amount, currency, payment_method, status, decline_reason, created_at"""


class ChargeRepository:
    """The table `charges`.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, charge_id: str, asked: NewCharge) -> Row | None:
        """Record a pending charge and return it; None if the order has one already."""
        values = (asked.order_id, asked.user_id, asked.amount, asked.currency, asked.payment_method)
        return self._database.fetch_one(_BEGIN, (charge_id, *values))

    def of_order(self, order_id: str) -> Row:
        """Return the charge of an order that has one. Raises LookupError if it has none."""
        return self._database.fetch_row(_OF_ORDER, (order_id,))

    def get(self, charge_id: str) -> Row | None:
        """Return a charge, or None."""
        return self._database.fetch_one(_GET, (charge_id,))

    def settle(self, charge_id: str, outcome: Outcome) -> Row | None:
        """Record how a pending charge ended and return it; None (and no change) if that is recorded already."""
        if isinstance(outcome, Captured):
            return self._database.fetch_one(_SETTLE, ("captured", outcome.reference, None, charge_id))
        return self._database.fetch_one(_SETTLE, ("declined", None, outcome.reason, charge_id))
