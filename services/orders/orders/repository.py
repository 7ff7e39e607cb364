"""Orders in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from psycopg2.extras import Json

from orders import events, saga
from orders.domain import Claims, Draft, Line, Order, Shortage
from orders.saga import State
from shopkit.database import Database, Row
from shopkit.messaging import outbox

_ADD = """
WITH made AS (
    INSERT INTO orders (id, user_id, state, total, currency, idempotency_key, fingerprint)
    VALUES (%(id)s, %(user_id)s, %(state)s, %(total)s, %(currency)s, %(key)s, %(fingerprint)s)
    ON CONFLICT (user_id, idempotency_key) DO NOTHING
    RETURNING id, created_at, updated_at
), made_lines AS (
    INSERT INTO order_lines (order_id, position, product_id, name, quantity, unit_price)
    SELECT made.id, line.position, line.product_id, line.name, line.quantity, line.unit_price
    FROM made, unnest(%(product_ids)s::uuid[], %(names)s::text[], %(quantities)s::integer[], %(unit_prices)s::bigint[])
        WITH ORDINALITY AS line (product_id, name, quantity, unit_price, position)
)
SELECT created_at, updated_at FROM made"""
_GET = "SELECT * FROM orders_with_lines WHERE id = %s"
_OF_KEY = "SELECT * FROM orders_with_lines WHERE user_id = %s AND idempotency_key = %s"
_PAGE = """
SELECT * FROM orders_with_lines
WHERE user_id = %(user_id)s AND (%(before)s::uuid IS NULL OR id < %(before)s::uuid)
ORDER BY id DESC LIMIT %(count)s"""
_MOVE = """
UPDATE orders SET
    state = %(state)s,
    payment_method = %(payment_method)s,
    shortages = %(shortages)s,
    expires_at = %(expires_at)s,
    attempts = 0,
    retry_at = NULL,
    updated_at = now()
WHERE id = %(id)s AND state = %(before)s
RETURNING updated_at"""
# The same with an event that is told of it: in one statement, so both happen or neither, and whoever comes second in
# a race for the step tells nothing.
_MOVE_AND_TELL = """
WITH moved AS (
    UPDATE orders SET
        state = %(state)s,
        payment_method = %(payment_method)s,
        shortages = %(shortages)s,
        expires_at = %(expires_at)s,
        attempts = 0,
        retry_at = NULL,
        updated_at = now()
    WHERE id = %(id)s AND state = %(before)s
    RETURNING updated_at
), told AS (
    INSERT INTO outbox (id, type, subject, data, traceparent)
    SELECT %(event_id)s, %(event_type)s, %(event_subject)s, %(event_data)s, %(event_traceparent)s FROM moved
)
SELECT updated_at FROM moved"""

# Claimed are orders that wait for no shopper, and those whose shopper has let the time pass. The claim is a lease: it
# ends by itself after a pause that doubles with each attempt, so an order whose claimant dies is found again.
_CLAIM = """
UPDATE orders SET
    attempts = attempts + 1,
    retry_at = now() + make_interval(secs => least(%(most)s, %(pause)s * power(2, least(attempts, 30))))
WHERE id IN (
    SELECT id FROM orders
    WHERE state NOT IN ('rejected', 'confirmed', 'payment_failed', 'cancelled', 'expired')
        AND state = ANY(%(known)s)
        AND updated_at <= now() - make_interval(secs => %(idle)s)
        AND (state <> 'reserved' OR expires_at <= now())
        AND (retry_at IS NULL OR retry_at <= now())
    ORDER BY updated_at LIMIT %(count)s FOR UPDATE SKIP LOCKED
)
RETURNING id"""

# A later release may have states of its own, which are for its replicas to go on from.
_KNOWN = [state.value for state in State if state is not State.UNKNOWN]


class OrderRepository:
    """The tables `orders` and `order_lines`; every method is one statement, durable when it returns.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, draft: Draft) -> Order | None:
        """Insert an order as `created`; None when its user has an order under the same key."""
        row = self._database.fetch_one(_ADD, _insertion(draft))
        if row is None:
            return None
        return Order(
            id=draft.id,
            user_id=draft.user_id,
            state=State.CREATED,
            lines=draft.lines,
            total=draft.total,
            currency=draft.currency,
            payment_method=None,
            shortages=(),
            fingerprint=draft.replay.fingerprint if draft.replay else None,
            created_at=row["created_at"],
            updated_at=row["updated_at"],
        )

    def get(self, order_id: str) -> Order | None:
        """Return an order, or None."""
        row = self._database.fetch_one(_GET, (order_id,))
        return _order(row) if row else None

    def of_key(self, user_id: str, key: str) -> Order | None:
        """Return the order that a user placed under an Idempotency-Key, or None."""
        row = self._database.fetch_one(_OF_KEY, (user_id, key))
        return _order(row) if row else None

    def page(self, user_id: str, before: str | None, limit: int) -> list[Order]:
        """Return up to `limit` + 1 orders of a user, the newest first, those older than the given id."""
        params = {"user_id": user_id, "before": before, "count": limit + 1}
        return [_order(row) for row in self._database.fetch_all(_PAGE, params)]

    def claim(self, claims: Claims) -> list[str]:
        """Return orders to be resumed; nobody else gets them before their pause is over."""
        params = {
            "idle": claims.idle_seconds,
            "pause": claims.pause_seconds,
            "most": claims.most_seconds,
            "count": claims.count,
            "known": _KNOWN,
        }
        return [row["id"] for row in self._database.fetch_all(_CLAIM, params)]

    def move(
        self,
        order: Order,
        state: State,
        *,
        payment_method: str | None = None,
        shortages: Sequence[Shortage] = (),
        expires_at: datetime | None = None,
    ) -> Order | None:
        """Store the next state of an order, and the event that tells of it if it ends the order.

        None when the order is no longer in the state it is given in. What is None or empty leaves what is stored.
        """
        moved = replace(
            order,
            state=state,
            payment_method=payment_method or order.payment_method,
            shortages=tuple(shortages) or order.shortages,
            expires_at=expires_at or order.expires_at,
        )
        params = {
            "id": order.id,
            "before": order.state,
            "state": state,
            "payment_method": moved.payment_method,
            "expires_at": moved.expires_at,
            "shortages": Json([asdict(shortage) for shortage in moved.shortages]),
        }
        event = events.of(order.state, moved)
        if event is None:
            row = self._database.fetch_one(_MOVE, params)
        else:
            row = self._database.fetch_one(_MOVE_AND_TELL, {**params, **outbox.row(event)})
            outbox.wake()
        return replace(moved, updated_at=row["updated_at"]) if row else None


def _insertion(draft: Draft) -> Row:
    return {
        "id": draft.id,
        "user_id": draft.user_id,
        "state": State.CREATED,
        "total": draft.total,
        "currency": draft.currency,
        "key": draft.replay.key if draft.replay else None,
        "fingerprint": draft.replay.fingerprint if draft.replay else None,
        "product_ids": [line.product_id for line in draft.lines],
        "names": [line.name for line in draft.lines],
        "quantities": [line.quantity for line in draft.lines],
        "unit_prices": [line.unit_price for line in draft.lines],
    }


def _order(row: Row) -> Order:
    return Order(
        id=row["id"],
        user_id=row["user_id"],
        state=saga.read(row["state"]),
        lines=tuple(Line(**line) for line in row["lines"]),
        total=row["total"],
        currency=row["currency"],
        payment_method=row["payment_method"],
        shortages=tuple(Shortage(**shortage) for shortage in row["shortages"]),
        fingerprint=row["fingerprint"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        expires_at=row["expires_at"],
    )
