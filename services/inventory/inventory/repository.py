"""Stock, its journal and reservations in the database.

Every statement that takes several locks takes them in one order, so that none can block another for ever: rows of
`stock` by product_id first, the row of `reservations` last. The journal is written by triggers, within the statement
that changes the stock (see migrations/0002).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from shopkit.database import Database, Row

_MAX_NUMBER = 2**63 - 1

_SET = """
INSERT INTO stock (product_id, on_hand) VALUES (%s, %s)
ON CONFLICT (product_id) DO UPDATE SET on_hand = excluded.on_hand WHERE stock.reserved <= excluded.on_hand
RETURNING product_id, on_hand, reserved, on_hand - reserved AS available"""
_ADD = """
INSERT INTO stock (product_id, on_hand) VALUES (%s, %s) ON CONFLICT (product_id) DO NOTHING
RETURNING product_id, on_hand, reserved, on_hand - reserved AS available"""
_GET = "SELECT product_id, on_hand, reserved, on_hand - reserved AS available FROM stock WHERE product_id = %s"
_OF_PRODUCTS = """
SELECT product_id, on_hand, reserved, on_hand - reserved AS available
FROM stock WHERE product_id = ANY(%s::uuid[]) ORDER BY product_id"""
_DELETE = "DELETE FROM stock WHERE product_id = %s AND reserved = 0"
# The number of a movement is shown as a UUID, as all ids are; it grows with time.
_MOVEMENTS = """
SELECT lpad(to_hex(id), 32, '0')::uuid AS id, product_id, reason, delta, order_id, created_at FROM movements
WHERE product_id = %(product)s AND (%(before)s::bigint IS NULL OR id < %(before)s)
ORDER BY movements.id DESC LIMIT %(count)s"""

# One statement each, so one round trip. `locked` waits for the rows and then has their newest state, on which the
# statement decides and from which it calculates: the UPDATE itself first sees the rows as they were when the
# statement began, and the constraint would be held against those.
_RESERVE = """
WITH asked AS (
    SELECT product_id, quantity
    FROM unnest(%(products)s::uuid[], %(quantities)s::bigint[]) AS line (product_id, quantity)
), locked AS (
    SELECT product_id, on_hand, reserved, quantity
    FROM stock JOIN asked USING (product_id) ORDER BY product_id FOR UPDATE OF stock
), made AS (
    INSERT INTO reservations (order_id, status, expires_at)
    SELECT %(order)s, 'reserved', now() + make_interval(secs => %(ttl)s)
    WHERE (SELECT count(*) FROM locked WHERE on_hand - reserved >= quantity) = (SELECT count(*) FROM asked)
    ON CONFLICT (order_id) DO NOTHING RETURNING order_id, expires_at
), listed AS (
    INSERT INTO reservation_lines (order_id, product_id, quantity)
    SELECT order_id, product_id, quantity FROM made, asked
), taken AS (
    UPDATE stock SET on_hand = locked.on_hand, reserved = locked.reserved + locked.quantity
    FROM locked, made WHERE stock.product_id = locked.product_id
)
SELECT product_id, on_hand - reserved AS available, (SELECT expires_at FROM made) AS expires_at FROM locked"""
# Counting `locked` makes the rows of stock be locked before the reservation is touched. The setting tells the journal
# whose pieces leave.
_SETTLE = """
WITH locked AS (
    SELECT product_id, on_hand, reserved, quantity FROM stock JOIN reservation_lines USING (product_id)
    WHERE order_id = %(order)s ORDER BY product_id FOR UPDATE OF stock
), settled AS (
    UPDATE reservations SET status = %(status)s, expired = %(expired)s, updated_at = now()
    WHERE order_id = %(order)s AND status = 'reserved' AND (SELECT count(*) FROM locked) > 0
        AND (expires_at <= now() OR NOT %(expired)s)
    RETURNING order_id, status, set_config('inventory.order_id', order_id::text, true)
)
UPDATE stock SET
    on_hand = locked.on_hand - CASE settled.status WHEN 'committed' THEN locked.quantity ELSE 0 END,
    reserved = locked.reserved - locked.quantity
FROM locked, settled WHERE stock.product_id = locked.product_id
RETURNING stock.product_id, locked.quantity"""
_REFUSE_LATE = "INSERT INTO reservations (order_id, status) VALUES (%s, 'released') ON CONFLICT DO NOTHING"
# Without those that are being settled at this moment. The locks end with the statement: `_SETTLE` takes its own, in
# the order of all others.
_DUE = """
SELECT order_id FROM reservations WHERE status = 'reserved' AND expires_at <= now()
ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED"""
_FIND = """
SELECT order_id, status, expired, CASE status WHEN 'reserved' THEN expires_at END AS expires_at, coalesce(
    json_agg(json_build_object('product_id', product_id, 'quantity', quantity) ORDER BY product_id)
        FILTER (WHERE product_id IS NOT NULL), '[]') AS lines
FROM reservations LEFT JOIN reservation_lines USING (order_id) WHERE order_id = %s GROUP BY order_id"""


class StockRepository:
    """The tables `stock` and `movements`.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, product_id: str) -> Row | None:
        """Return the stock of a product, or None."""
        return self._database.fetch_one(_GET, (product_id,))

    def of_products(self, product_ids: Sequence[str]) -> list[Row]:
        """Return the stock of those of these products that are known."""
        return self._database.fetch_all(_OF_PRODUCTS, (list(product_ids),))

    def set_on_hand(self, product_id: str, quantity: int) -> Row | None:
        """Set how many pieces there are and return the stock; None (and no change) if more are reserved."""
        return self._database.fetch_one(_SET, (product_id, quantity))

    def add(self, product_id: str, quantity: int) -> Row | None:
        """Make a product known with this many pieces and return its stock; None (and no change) if it is known."""
        return self._database.fetch_one(_ADD, (product_id, quantity))

    def delete(self, product_id: str) -> bool:
        """Forget a product of which nothing is reserved; tell whether that was so."""
        return self._database.execute(_DELETE, (product_id,)) == 1

    def movements(self, product_id: str, before: str | None, limit: int) -> list[Row]:
        """Return up to `limit` + 1 movements of a product, the newest first, those before the one with this id."""
        number = None if before is None else uuid.UUID(before).int
        # Beyond what the database counts to there is no movement: all are before it.
        number = None if number is None else min(number, _MAX_NUMBER)
        params = {"product": product_id, "before": number, "count": limit + 1}
        return self._database.fetch_all(_MOVEMENTS, params)


class ReservationRepository:
    """The tables `reservations` and `reservation_lines`, and what they do to `stock`.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, order_id: str) -> Row | None:
        """Return `order_id`, `status`, `expired`, `expires_at` (while reserved) and `lines`, or None."""
        return self._database.fetch_one(_FIND, (order_id,))

    def reserve(
        self, order_id: str, asked: Mapping[str, int], ttl_seconds: int
    ) -> tuple[datetime | None, dict[str, int]]:
        """Set all pieces aside, or none.

        Args:
            order_id: the order that needs them.
            asked: pieces by product.
            ttl_seconds: after which the reservation may be released.

        Returns:
            Until when they are set aside; None if they are not (there are too few, or the order has a reservation).
            And how many pieces of each product were available when that was decided; products without stock are
            not in it.
        """
        arguments = {
            "order": order_id,
            "products": list(asked),
            "quantities": list(asked.values()),
            "ttl": ttl_seconds,
        }
        rows = self._database.fetch_all(_RESERVE, arguments)
        expires_at = rows[0]["expires_at"] if rows else None
        return expires_at, {row["product_id"]: row["available"] for row in rows}

    def settle(self, order_id: str, status: str) -> dict[str, int]:
        """End a reservation: `committed`, its pieces leave the stock; `released`, they are given back.

        Returns:
            Pieces by product; empty, and nothing is changed, if the order has nothing reserved.
        """
        return self._settle(order_id, status, expired=False)

    def expire(self, order_id: str) -> dict[str, int]:
        """Release a reservation whose time is over; see `settle`. Nothing is changed if it has been settled."""
        return self._settle(order_id, "released", expired=True)

    def due(self, limit: int) -> list[str]:
        """Return orders whose reservations have to be released because their time is over, the oldest first."""
        return [row["order_id"] for row in self._database.fetch_all(_DUE, (limit,))]

    def refuse_late(self, order_id: str) -> bool:
        """Note that an unknown order is released; tell whether it was unknown."""
        return self._database.execute(_REFUSE_LATE, (order_id,)) == 1

    def _settle(self, order_id: str, status: str, *, expired: bool) -> dict[str, int]:
        rows = self._database.fetch_all(_SETTLE, {"order": order_id, "status": status, "expired": expired})
        return {row["product_id"]: row["quantity"] for row in rows}
