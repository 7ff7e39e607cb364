"""API keys: what machines get their tokens with."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from shopkit import problems
from shopkit.database import Database, Row
from shopkit.ids import is_id, new_id

_log = structlog.get_logger(__name__)

MAX_KEYS = 50
# So that scanners find a key that was published by mistake.
_PREFIX = "shopkey_"
_SECRET_BYTES = 32

# The user's row is locked, so that the count, taken after that, stands until the key is there.
_LOCK = "SELECT id FROM users WHERE id = %s FOR NO KEY UPDATE"
_COUNT = "SELECT count(*) AS keys FROM api_keys WHERE user_id = %s"
_ADD = """
INSERT INTO api_keys (id, user_id, name, secret, scopes, expires_at)
VALUES (%(id)s, %(user_id)s, %(name)s, %(secret)s, %(scopes)s, now() + %(days)s * interval '1 day')
RETURNING id, name, scopes, created_at, expires_at, last_used_at"""
_PAGE = """
SELECT id, name, scopes, created_at, expires_at, last_used_at FROM api_keys
WHERE user_id = %(user_id)s AND (%(after)s::uuid IS NULL OR id > %(after)s::uuid) ORDER BY id LIMIT %(count)s"""
_REMOVE = "DELETE FROM api_keys WHERE id = %s AND user_id = %s"
_FIND = """
SELECT users.id AS user_id, users.role, api_keys.scopes
FROM api_keys JOIN users ON users.id = api_keys.user_id
WHERE api_keys.id = %s AND api_keys.secret = %s AND api_keys.expires_at > now()"""
_TOUCH = "UPDATE api_keys SET last_used_at = now() WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Machine:
    """Who has shown an API key.

    Attributes:
        key_id: the key.
        user_id: whose key it is.
        role: the user's present role.
        scopes: what the key is good for.
    """

    key_id: str
    user_id: str
    role: str
    scopes: tuple[str, ...]


class ApiKeys:
    """The table `api_keys`.

    Args:
        database: the service's database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, user_id: str, name: str, scopes: Sequence[str], days: int) -> Row | None:
        """Make a key.

        Returns:
            The key with its `secret`, which is shown this once; None if the user's account is gone.

        Raises:
            Problem: 409, the user has `MAX_KEYS` already.
        """
        secret = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        values = {
            "id": new_id(),
            "user_id": user_id,
            "name": name,
            "secret": _hash(secret),
            "scopes": sorted(set(scopes)),
            "days": days,
        }
        with self._database.transaction() as tx:
            if tx.fetch_one(_LOCK, (user_id,)) is None:
                return None
            if tx.fetch_row(_COUNT, (user_id,))["keys"] >= MAX_KEYS:
                detail = f"An account has {MAX_KEYS} API keys at most: revoke one first."
                raise problems.conflict("too-many-keys", "There are too many API keys", detail)
            row = tx.fetch_row(_ADD, values)
        _log.info("an API key was made", user_id=user_id, key_id=row["id"])
        return {**row, "secret": secret}

    def page(self, user_id: str, after: str | None, limit: int) -> list[Row]:
        """Return up to `limit` + 1 keys of a user by id, those after the given id."""
        return self._database.fetch_all(_PAGE, {"user_id": user_id, "after": after, "count": limit + 1})

    def revoke(self, user_id: str, key_id: str) -> bool:
        """Remove a key of this user; tell whether there was one."""
        removed = self._database.execute(_REMOVE, (key_id, user_id)) == 1
        if removed:
            _log.info("an API key was revoked", user_id=user_id, key_id=key_id)
        return removed

    def find(self, key_id: str, secret: str) -> Machine | None:
        """Return whose key this is, or None if it is no key (any more)."""
        if not is_id(key_id):
            return None
        row = self._database.fetch_one(_FIND, (key_id, _hash(secret)))
        if row is None:
            return None
        return Machine(key_id.lower(), row["user_id"], row["role"], tuple(row["scopes"]))

    def touch(self, key_id: str) -> None:
        """Note that a key was used."""
        self._database.execute(_TOUCH, (key_id,))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
