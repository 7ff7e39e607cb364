"""The journal on a database that was there before it, and beside the release that knows nothing of it."""

from __future__ import annotations

from inventory.service import SERVICE
from shopkit.ids import new_id
from shopkit.testing.earlier import earlier_database


def test_the_journal_begins_with_what_is_there(postgres_url: str) -> None:
    pens, cups, order = sorted(new_id() for _ in range(3))
    with earlier_database(postgres_url, SERVICE.folder / "migrations") as database:
        database.migrate(1)
        database.run("INSERT INTO stock VALUES (%s, 5, 2), (%s, 0, 0)", pens, cups)
        database.run("INSERT INTO reservations (order_id, status) VALUES (%s, 'reserved')", order)
        database.migrate(1)
        assert database.run("SELECT product_id, reason, delta FROM movements") == [(pens, "opening", 5)]
        (row,) = database.run(
            "SELECT expires_at - now() <= '15 minutes' AND expires_at > now(), expired FROM reservations"
        )
        assert row == (True, False)
        # The statements of the earlier release.
        database.run("UPDATE stock SET on_hand = on_hand - 2, reserved = reserved - 2 WHERE product_id = %s", pens)
        database.run("INSERT INTO reservations (order_id, status) VALUES (%s, 'reserved')", new_id())
        assert database.run("SELECT sum(delta)::integer, count(*) FROM movements") == [(3, 2)]
