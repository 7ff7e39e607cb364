"""The SQL: learning from orders, looking up what goes together, forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shopkit.database import Database, Row, Transaction

# Pairs that are looked at for each product in view: what is beyond the best fifty of all of them is not found.
BREADTH = 50
# One statement of the background jobs touches at most so many rows, so that learning never waits long behind it.
BATCH = 1000

_REMEMBER = """
INSERT INTO learned_orders (order_id, product_ids) VALUES (%(order_id)s, %(product_ids)s::uuid[])
ON CONFLICT (order_id) DO NOTHING
"""

_RETURN = """
INSERT INTO learned_orders AS known (order_id, product_ids, returned) VALUES (%(order_id)s, '{}', true)
ON CONFLICT (order_id) DO UPDATE SET returned = true WHERE NOT known.returned
RETURNING product_ids
"""

# All statements lock rows in the same order, sales before pairs, so that replicas that learn at once never deadlock.
_ADD_SALES = """
INSERT INTO sales AS known (product_id, orders)
SELECT id, 1 FROM unnest(%(product_ids)s::uuid[]) AS id ORDER BY id
ON CONFLICT (product_id) DO UPDATE SET orders = known.orders + 1
"""

_ADD_PAIRS = """
INSERT INTO pairs AS known (product_id, other_id, orders)
SELECT one, other, 1
FROM unnest(%(product_ids)s::uuid[]) AS one
CROSS JOIN unnest(%(product_ids)s::uuid[]) AS other
WHERE one <> other
ORDER BY one, other
ON CONFLICT (product_id, other_id) DO UPDATE SET orders = known.orders + 1, updated_at = now()
"""

_LOCK_SALES = """
SELECT product_id FROM sales WHERE product_id = ANY(%(product_ids)s::uuid[]) ORDER BY product_id FOR UPDATE
"""

_LOCK_PAIRS = """
SELECT product_id FROM pairs
WHERE product_id = ANY(%(product_ids)s::uuid[]) AND other_id = ANY(%(product_ids)s::uuid[])
ORDER BY product_id, other_id FOR UPDATE
"""

_DROP_SALES = "DELETE FROM sales WHERE product_id = ANY(%(product_ids)s::uuid[]) AND orders = 1"

_LESS_SALES = "UPDATE sales SET orders = orders - 1 WHERE product_id = ANY(%(product_ids)s::uuid[]) AND orders > 1"

_DROP_PAIRS = """
DELETE FROM pairs
WHERE product_id = ANY(%(product_ids)s::uuid[]) AND other_id = ANY(%(product_ids)s::uuid[]) AND orders = 1
"""

_LESS_PAIRS = """
UPDATE pairs SET orders = orders - 1
WHERE product_id = ANY(%(product_ids)s::uuid[]) AND other_id = ANY(%(product_ids)s::uuid[]) AND orders > 1
"""

# The time-out is for the statement after it, in the same round trip: nobody waits for the answer any longer.
_RECOMMEND = """
SET LOCAL statement_timeout = %(milliseconds)s;
WITH together AS (
    SELECT near.other_id AS product_id, sum(near.orders) AS score
    FROM unnest(%(product_ids)s::uuid[]) AS viewed (id)
    CROSS JOIN LATERAL (
        SELECT pairs.other_id, pairs.orders
        FROM pairs
        WHERE pairs.product_id = viewed.id AND pairs.other_id <> ALL (%(unwanted)s::uuid[])
        ORDER BY pairs.orders DESC, pairs.other_id
        LIMIT %(breadth)s
    ) AS near
    GROUP BY near.other_id
    ORDER BY score DESC, product_id
    LIMIT %(limit)s
), popular AS (
    SELECT product_id, orders AS score
    FROM sales
    WHERE product_id <> ALL (%(unwanted)s::uuid[]) AND product_id NOT IN (SELECT product_id FROM together)
    ORDER BY orders DESC, product_id
    LIMIT %(limit)s
)
SELECT product_id, score::float8, true AS together FROM together
UNION ALL
SELECT product_id, score::float8, false FROM popular
ORDER BY together DESC, score DESC, product_id
LIMIT %(limit)s
"""

# Of equals the older pair goes: otherwise nothing new could ever come up among pairs that were bought once.
_TRIM = """
DELETE FROM pairs
USING (
    SELECT product_id, other_id FROM pairs
    WHERE (product_id, other_id) IN (
        SELECT product_id, other_id
        FROM (
            SELECT
                product_id,
                other_id,
                row_number() OVER (PARTITION BY product_id ORDER BY orders DESC, updated_at DESC, other_id) AS rank
            FROM pairs
            WHERE product_id IN (
                SELECT product_id FROM pairs GROUP BY product_id HAVING count(*) > %(keep)s LIMIT 100
            )
        ) AS ranked
        WHERE rank > %(keep)s
        LIMIT %(batch)s
    )
    FOR UPDATE SKIP LOCKED
) AS beyond
WHERE pairs.product_id = beyond.product_id AND pairs.other_id = beyond.other_id
"""

_FORGET = """
DELETE FROM learned_orders
WHERE order_id IN (
    SELECT order_id FROM learned_orders
    WHERE learned_at < now() - make_interval(days => %(days)s)
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
)
"""


def count_order(tx: Transaction, order_id: str, product_ids: Sequence[str]) -> bool:
    """Count the products of an order, unless it was counted or returned before; tell whether that was done."""
    params: dict[str, Any] = {"order_id": order_id, "product_ids": list(product_ids)}
    if not tx.execute(_REMEMBER, params):
        return False
    tx.execute(_ADD_SALES, params)
    tx.execute(_ADD_PAIRS, params)
    return True


def return_order(tx: Transaction, order_id: str) -> bool:
    """Take back what an order taught, or see to it that it will teach nothing; tell whether that was news."""
    row = tx.fetch_one(_RETURN, {"order_id": order_id})
    if row is None:
        return False
    params = {"product_ids": row["product_ids"]}
    for statement in (_LOCK_SALES, _DROP_SALES, _LESS_SALES, _LOCK_PAIRS, _DROP_PAIRS, _LESS_PAIRS):
        tx.execute(statement, params)
    return True


class RecommendationRepository:
    """What was learned, in the service's database.

    Raises (all methods): shopkit.pool.PoolTimeout, psycopg2.Error.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def recommend(self, product_ids: Sequence[str], unwanted: Sequence[str], limit: int, seconds: float) -> list[Row]:
        """Return at most `limit` rows of product_id, score and together, best first, in one round trip.

        Raises:
            psycopg2.errors.QueryCanceled: it would have taken longer than `seconds`.
        """
        params = {
            "product_ids": list(product_ids),
            "unwanted": [*product_ids, *unwanted],
            "limit": limit,
            "breadth": BREADTH,
            "milliseconds": max(1, round(seconds * 1000)),
        }
        return self._database.fetch_all(_RECOMMEND, params)

    def trim(self, keep: int) -> bool:
        """Delete pairs beyond the best `keep` of a product; tell whether there may be more of them."""
        return self._database.execute(_TRIM, {"keep": keep, "batch": BATCH}) >= BATCH

    def forget(self, days: int) -> bool:
        """Delete what is known of orders learned so many days ago; tell whether there may be more of them."""
        return self._database.execute(_FORGET, {"days": days, "batch": BATCH}) >= BATCH
