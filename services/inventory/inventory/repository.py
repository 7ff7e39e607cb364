"""Stock and reservations in the database.

Every statement that takes several locks takes them in one order, so that none can block another for ever: rows of
`stock` by product_id first, the row of `reservations` last.
"""

from __future__ import annotations

from collections.abc import Mapping

from shopkit.database import Database, Row

_SET = """
INSERT INTO stock (product_id, on_hand) VALUES (%s, %s)
ON CONFLICT (product_id) DO UPDATE SET on_hand = excluded.on_hand WHERE stock.reserved <= excluded.on_hand
RETURNING product_id, on_hand, reserved, on_hand - reserved AS available"""
_GET = "SELECT product_id, on_hand, reserved, on_hand - reserved AS available FROM stock WHERE product_id = %s"
_DELETE = "DELETE FROM stock WHERE product_id = %s AND reserved = 0"

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
    INSERT INTO reservations (order_id, status) SELECT %(order)s, 'reserved'
    WHERE (SELECT count(*) FROM locked WHERE on_hand - reserved >= quantity) = (SELECT count(*) FROM asked)
    ON CONFLICT (order_id) DO NOTHING RETURNING order_id
), listed AS (
    INSERT INTO reservation_lines (order_id, product_id, quantity)
    SELECT order_id, product_id, quantity FROM made, asked
), taken AS (
    UPDATE stock SET on_hand = locked.on_hand, reserved = locked.reserved + locked.quantity
    FROM locked, made WHERE stock.product_id = locked.product_id
)
SELECT product_id, on_hand - reserved AS available, EXISTS (SELECT FROM made) AS made FROM locked"""
# Counting `locked` makes the rows of stock be locked before the reservation is touched.
_SETTLE = """
WITH locked AS (
    SELECT product_id, on_hand, reserved, quantity FROM stock JOIN reservation_lines USING (product_id)
    WHERE order_id = %(order)s ORDER BY product_id FOR UPDATE OF stock
), settled AS (
    UPDATE reservations SET status = %(status)s, updated_at = now()
    WHERE order_id = %(order)s AND status = 'reserved' AND (SELECT count(*) FROM locked) > 0
    RETURNING order_id, status
)
UPDATE stock SET
    on_hand = locked.on_hand - CASE settled.status WHEN 'committed' THEN locked.quantity ELSE 0 END,
    reserved = locked.reserved - locked.quantity
FROM locked, settled WHERE stock.product_id = locked.product_id
RETURNING stock.product_id, locked.quantity"""
_REFUSE_LATE = "INSERT INTO reservations (order_id, status) VALUES (%s, 'released') ON CONFLICT DO NOTHING"
_FIND = """
SELECT order_id, status, coalesce(
    json_agg(json_build_object('product_id', product_id, 'quantity', quantity) ORDER BY product_id)
        FILTER (WHERE product_id IS NOT NULL), '[]') AS lines
FROM reservations LEFT JOIN reservation_lines USING (order_id) WHERE order_id = %s GROUP BY order_id"""


class StockRepository:
    """The table `stock`.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, product_id: str) -> Row | None:
        """Return the stock of a product, or None."""
        return self._database.fetch_one(_GET, (product_id,))

    def set_on_hand(self, product_id: str, quantity: int) -> Row | None:
        """Set how many pieces there are and return the stock; None (and no change) if more are reserved."""
        return self._database.fetch_one(_SET, (product_id, quantity))

    def delete(self, product_id: str) -> bool:
        """Forget a product of which nothing is reserved; tell whether that was so."""
        return self._database.execute(_DELETE, (product_id,)) == 1


class ReservationRepository:
    """The tables `reservations` and `reservation_lines`, and what they do to `stock`.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, order_id: str) -> Row | None:
        """Return `order_id`, `status` and `lines` of a reservation, or None."""
        return self._database.fetch_one(_FIND, (order_id,))

    def reserve(self, order_id: str, asked: Mapping[str, int]) -> tuple[bool, dict[str, int]]:
        """Set all pieces aside, or none.

        Args:
            order_id: the order that needs them.
            asked: pieces by product.

        Returns:
            Whether it was done (no: there are too few, or the order has a reservation), and how many pieces of each
            product were available before; products without stock are not in it.
        """
        arguments = {"order": order_id, "products": list(asked), "quantities": list(asked.values())}
        rows = self._database.fetch_all(_RESERVE, arguments)
        made = any(row["made"] for row in rows)
        return made, {row["product_id"]: row["available"] for row in rows}

    def settle(self, order_id: str, status: str) -> dict[str, int]:
        """End a reservation: `committed`, its pieces leave the stock; `released`, they are given back.

        Returns:
            Pieces by product; empty, and nothing is changed, if the order has nothing reserved.
        """
        rows = self._database.fetch_all(_SETTLE, {"order": order_id, "status": status})
        return {row["product_id"]: row["quantity"] for row in rows}

    def refuse_late(self, order_id: str) -> bool:
        """Note that an unknown order is released; tell whether it was unknown."""
        return self._database.execute(_REFUSE_LATE, (order_id,)) == 1
