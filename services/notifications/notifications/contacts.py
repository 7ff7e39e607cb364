"""Who gets mail: addresses from the events of `users`."""

from __future__ import annotations

from datetime import datetime

from shopkit.database import Transaction

_KNOW = """
INSERT INTO contacts (user_id, email, name, as_of) VALUES (%(user_id)s, %(email)s, %(name)s, %(as_of)s)
ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, name = excluded.name, as_of = excluded.as_of
WHERE contacts.erased_at IS NULL AND contacts.as_of <= excluded.as_of"""
# What was to be told before the address was known.
_RELEASE = """
UPDATE mails SET next_attempt_at = now()
WHERE status = 'pending' AND next_attempt_at = 'infinity'
    AND notification_id IN (SELECT id FROM notifications WHERE user_id = %s)"""
_ERASE = """
INSERT INTO contacts (user_id, erased_at) VALUES (%s, now())
ON CONFLICT (user_id) DO UPDATE SET email = NULL, name = NULL, erased_at = coalesce(contacts.erased_at, now())"""
_FORGET = "DELETE FROM notifications WHERE user_id = %s"


def know(tx: Transaction, user_id: str, email: str, name: str, as_of: datetime) -> None:
    """Take note of an address, unless a newer event told one or the user is gone; mails that wait for it are due."""
    params = {"user_id": user_id, "email": email, "name": name, "as_of": as_of}
    # The row is locked by the first statement, so the second sees all that was told without the address.
    if tx.execute(_KNOW, params):
        tx.execute(_RELEASE, (user_id,))


def erase(tx: Transaction, user_id: str) -> None:
    """Forget a user for good: address, name, inbox and unsent mails. Only the id stays, against late events."""
    tx.execute(_ERASE, (user_id,))
    tx.execute(_FORGET, (user_id,))
