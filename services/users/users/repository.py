"""Accounts in the database."""

from __future__ import annotations

from shopkit.database import Database, Row
from shopkit.messaging import outbox
from users import events

# "C": what is upper and lower case must not depend on the language that the database was made with.
_ADD = """
INSERT INTO users (id, email, name, role, password_hash) VALUES (%s, %s, %s, 'customer', %s)
ON CONFLICT (lower(email COLLATE "C")) DO NOTHING
RETURNING id, email, name, role, created_at"""
_GET = "SELECT id, email, name, role, created_at FROM users WHERE id = %s"
_LOGIN = """
SELECT id, role, email, password_hash, password_version FROM users
WHERE lower(email COLLATE "C") = lower(%s COLLATE "C")"""
_CREDENTIALS = "SELECT id, role, email, password_hash, password_version FROM users WHERE id = %s"
_PAGE = """
SELECT id, email, name, role, created_at FROM users
WHERE %(after)s::uuid IS NULL OR id > %(after)s::uuid ORDER BY id LIMIT %(count)s"""
_REPLACE_HASH = """
UPDATE users SET password_hash = %(new)s, updated_at = now() WHERE id = %(id)s AND password_hash = %(old)s"""

_RENAME = """
UPDATE users SET name = %(name)s, updated_at = now() WHERE id = %(id)s
RETURNING id, email, name, role, created_at"""
_CHANGE = """
UPDATE users SET
    name = coalesce(%(name)s, name),
    password_hash = %(hash)s,
    password_version = password_version + 1,
    updated_at = now()
WHERE id = %(id)s AND password_version = %(version)s
RETURNING id, email, name, role, created_at"""
_REMOVE = "DELETE FROM users WHERE id = %s"


class UserRepository:
    """The table `users`; who is added, changed or removed is told to the other services in the same transaction.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, user_id: str, email: str, name: str, password_hash: str) -> Row | None:
        """Insert a customer and return the account; None if the e-mail address has one already."""
        with self._database.transaction() as tx:
            row = tx.fetch_one(_ADD, (user_id, email, name, password_hash))
            if row is not None:
                outbox.add(tx, events.registered(row))
        return row

    def get(self, user_id: str) -> Row | None:
        """Return an account, or None."""
        return self._database.fetch_one(_GET, (user_id,))

    def find_login(self, email: str) -> Row | None:
        """Return id, role and password of the account with this e-mail address, or None."""
        return self._database.fetch_one(_LOGIN, (email,))

    def credentials(self, user_id: str) -> Row | None:
        """Return what `find_login` returns, for an id."""
        return self._database.fetch_one(_CREDENTIALS, (user_id,))

    def page(self, after: str | None, limit: int) -> list[Row]:
        """Return up to `limit` + 1 accounts by id, those after the given id."""
        return self._database.fetch_all(_PAGE, {"after": after, "count": limit + 1})

    def replace_hash(self, user_id: str, old: str, new: str) -> None:
        """Store a new password hash, unless the old one was replaced in the meantime."""
        self._database.execute(_REPLACE_HASH, {"id": user_id, "old": old, "new": new})

    def rename(self, user_id: str, name: str) -> Row | None:
        """Change the name and return the account, or None if it is gone."""
        with self._database.transaction() as tx:
            row = tx.fetch_one(_RENAME, {"id": user_id, "name": name})
            if row is not None:
                outbox.add(tx, events.updated(row))
        return row

    def change_password(self, user_id: str, version: int, password_hash: str, name: str | None) -> Row | None:
        """Store a new password, and a new name if there is one, and return the account.

        None if it is gone, or its password is not the one of this version any more.
        """
        values = {"id": user_id, "version": version, "hash": password_hash, "name": name}
        with self._database.transaction() as tx:
            row = tx.fetch_one(_CHANGE, values)
            if row is not None and name is not None:
                outbox.add(tx, events.updated(row))
        return row

    def remove(self, user_id: str) -> bool:
        """Remove an account; tell whether there was one."""
        with self._database.transaction() as tx:
            removed = tx.execute(_REMOVE, (user_id,)) == 1
            if removed:
                outbox.add(tx, events.UserDeleted(user_id=user_id))
        return removed
