"""The inbox of each user: the table `notifications`, and a row of `mails` for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extras import Json

from notifications.kinds import Kind
from shopkit.database import Database, Row, Transaction

# The conflict locks the row of a user who is known: an address or an erasure that comes at the same time comes before
# or after, never in between. Who is not known yet is noted without an address, and the mail waits for it.
_TELL = """
WITH contact AS (
    INSERT INTO contacts (user_id) VALUES (%(user_id)s)
    ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id
    RETURNING user_id, email, erased_at
), told AS (
    INSERT INTO notifications (id, user_id, kind, data, created_at)
    SELECT %(id)s, user_id, %(kind)s, %(data)s, %(created_at)s FROM contact WHERE erased_at IS NULL
    ON CONFLICT (id) DO NOTHING
    RETURNING id
)
INSERT INTO mails (notification_id, next_attempt_at)
SELECT told.id, CASE WHEN contact.email IS NULL THEN 'infinity' ELSE now() END FROM told, contact"""
_PAGE = """
SELECT id, kind, data, read, created_at FROM notifications
WHERE user_id = %(user_id)s
    AND (%(before)s::uuid IS NULL OR id < %(before)s::uuid)
    AND (%(unread)s IS NOT TRUE OR NOT read)
ORDER BY id DESC LIMIT %(count)s"""
_GET = "SELECT id, kind, data, read, created_at FROM notifications WHERE id = %s AND user_id = %s"
_MARK = """
UPDATE notifications SET read = %s WHERE id = %s AND user_id = %s
RETURNING id, kind, data, read, created_at"""


@dataclass(frozen=True)
class News:
    """Something that a user is to be told.

    Args:
        id: of the event that it comes from.
        user_id: whom it is for.
        kind: what it is about.
        data: the order as its event told it; empty for a welcome.
        created_at: when it happened.
    """

    id: str
    user_id: str
    kind: Kind
    data: Mapping[str, Any]
    created_at: datetime


def tell(tx: Transaction, news: News) -> bool:
    """Put something into a user's inbox and into the post; tell whether that was done.

    It is not for a user who is gone, nor when it was done before.
    """
    params = {
        "id": news.id,
        "user_id": news.user_id,
        "kind": news.kind,
        "data": Json(dict(news.data)),
        "created_at": news.created_at,
    }
    return tx.execute(_TELL, params) == 1


class Inbox:
    """What users see; every method is one statement.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, user_id: str, before: str | None, limit: int, unread: bool | None) -> list[Row]:
        """Return up to `limit` + 1 notifications of a user, the newest first, those older than the given id."""
        params = {"user_id": user_id, "before": before, "count": limit + 1, "unread": unread}
        return self._database.fetch_all(_PAGE, params)

    def get(self, user_id: str, notification_id: str) -> Row | None:
        """Return a notification of a user, or None."""
        return self._database.fetch_one(_GET, (notification_id, user_id))

    def mark(self, user_id: str, notification_id: str, read: bool) -> Row | None:
        """Mark a notification of a user as read or not, and return it; None when there is none."""
        return self._database.fetch_one(_MARK, (read, notification_id, user_id))
