"""Orders that an earlier release placed."""

from __future__ import annotations

from orders.service import SERVICE
from shopkit.ids import new_id
from shopkit.testing.earlier import Earlier, earlier_database

_PLACED = "INSERT INTO orders (id, user_id, state, total, currency) VALUES (%s, %s, %s, 100, 'EUR')"
_OPEN = "SELECT id FROM orders WHERE expires_at > now() AND expires_at <= now() + interval '15 minutes' ORDER BY id"


def place(database: Earlier, state: str) -> str:
    order_id = new_id()
    database.run(_PLACED, order_id, new_id(), state)
    return order_id


def test_what_was_reserved_before_expires_too(postgres_url: str) -> None:
    with earlier_database(postgres_url, SERVICE.folder / "migrations") as database:
        database.migrate(1)
        reserved, created = place(database, "reserved"), place(database, "created")
        database.migrate(3)
        assert database.run(_OPEN) == [(reserved,)]
        # A statement of the earlier release.
        database.run("UPDATE orders SET state = 'reserved', updated_at = now() WHERE id = %s", created)
        assert database.run(_OPEN) == [(reserved,), (created,)]
        database.run("UPDATE orders SET expires_at = '2100-01-01Z' WHERE id = %s", created)
        database.run("UPDATE orders SET state = 'reserved' WHERE id = %s", created)
        assert database.run(_OPEN) == [(reserved,)], "what is known is not assumed"
