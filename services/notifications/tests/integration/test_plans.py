"""How PostgreSQL finds what the service asks for, among many rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from notifications import contacts, inbox, postbox
from shopkit.database import Database
from tests.integration.world import USER

_FILL = """
WITH people AS (
    INSERT INTO contacts (user_id, email, name)
    SELECT ('0197f0a0-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'a@example.com', 'A'
    FROM generate_series(1, 500) AS n RETURNING user_id
), told AS (
    INSERT INTO notifications (id, user_id, kind, data, created_at)
    SELECT gen_random_uuid(), user_id, 'welcome', '{}', now() FROM people, generate_series(1, 20) RETURNING id
)
INSERT INTO mails (notification_id, status, settled_at, next_attempt_at) SELECT id, 'sent', now(), now() FROM told"""
_WANTED: dict[str, tuple[str, dict[str, Any] | tuple[Any, ...], set[str]]] = {
    "claim": (postbox._CLAIM, {"lease": 1}, {"mails_pending"}),
    "page": (
        inbox._PAGE,
        {"user_id": USER, "before": None, "unread": None, "count": 21},
        {"notifications_of_user"},
    ),
    "release": (contacts._RELEASE, (USER,), set()),
    "forget": (contacts._FORGET, (USER,), {"notifications_of_user"}),
    "hand over": (postbox._HAND_OVER, {"id": USER, "attempts": 1, "most": 2, "lease": 1}, {"mails_pkey"}),
}


@pytest.mark.parametrize("name", _WANTED)
def test_no_statement_reads_a_whole_table(database: Database, name: str) -> None:
    statement, params, wanted = _WANTED[name]
    database.execute(_FILL)
    with database.transaction() as tx:
        for table in ("contacts", "notifications", "mails"):
            tx.execute(f"ANALYZE {table}")
        found = tx.fetch_row(f"EXPLAIN (FORMAT JSON) {statement}", params)
    plan = json.dumps(found["QUERY PLAN"])
    assert "Seq Scan" not in plan
    assert wanted <= {index for index in ("mails_pending", "notifications_of_user", "mails_pkey") if index in plan}
