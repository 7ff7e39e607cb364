"""Sessions: logins that are renewed by refresh tokens, each good for one use."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg2.errors
import structlog

from shopkit.database import Database
from users.refresh_tokens import new_refresh_token, read_refresh_token

_log = structlog.get_logger(__name__)

MAX_SESSIONS = 50

# Each login takes a few expired sessions away, anybody's, and those of the user beyond the most recent ones.
_BEGIN = """
WITH expired AS (
    DELETE FROM sessions WHERE family IN (
        SELECT family FROM sessions WHERE expires_at <= now() ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED
    )
), surplus AS (
    DELETE FROM sessions WHERE family IN (
        SELECT family FROM sessions WHERE family IN (
            SELECT family FROM sessions WHERE user_id = %(user_id)s AND expires_at > now()
            ORDER BY renewed_at DESC, family OFFSET %(kept)s
        ) FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO sessions (family, secret, user_id, password_version, expires_at)
VALUES (%(family)s, %(secret)s, %(user_id)s, %(version)s, now() + %(lifetime)s * interval '1 second')"""
# One statement decides who is first: the row is locked, and who waited for it finds another secret.
_RENEW = """
UPDATE sessions SET
    secret = %(next)s, renewed_at = now(), expires_at = now() + %(lifetime)s * interval '1 second'
FROM users
WHERE sessions.family = %(family)s AND sessions.secret = %(secret)s AND sessions.expires_at > now()
    AND users.id = sessions.user_id AND users.password_version = sessions.password_version
RETURNING users.id, users.role"""
_END = "DELETE FROM sessions WHERE family = %(family)s RETURNING user_id, secret <> %(secret)s AS reused"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that begins or goes on.

    Attributes:
        user_id: whose it is.
        role: the user's present role.
        token: the refresh token for the next time.
    """

    user_id: str
    role: str
    token: str = field(repr=False)


class Sessions:
    """The table `sessions`.

    Args:
        database: the service's database.
        lifetime: seconds in which a refresh token has to be used.
    """

    def __init__(self, database: Database, lifetime: int) -> None:
        self._database = database
        self._lifetime = lifetime

    def begin(self, user_id: str, password_version: int) -> str | None:
        """Begin a session of a user who has shown the password of this version.

        Returns:
            The refresh token; None if the account is gone.
        """
        token = new_refresh_token()
        values = {
            "family": token.family_hash,
            "secret": token.secret_hash,
            "user_id": user_id,
            "version": password_version,
            "lifetime": self._lifetime,
            "kept": MAX_SESSIONS - 1,
        }
        try:
            self._database.execute(_BEGIN, values)
        except psycopg2.errors.ForeignKeyViolation:
            return None
        return token.text

    def renew(self, text: str) -> Session | None:
        """Take a refresh token and give the next one.

        Returns:
            None if the token is not good (any more). If it was used before, by whom ever, its session is ended: one
            of the two who had it is a thief.
        """
        token = read_refresh_token(text)
        if token is None:
            return None
        following = token.successor()
        values = {
            "family": token.family_hash,
            "secret": token.secret_hash,
            "next": following.secret_hash,
            "lifetime": self._lifetime,
        }
        row = self._database.fetch_one(_RENEW, values)
        if row is None:
            self.end(text)
            return None
        return Session(row["id"], row["role"], following.text)

    def end(self, text: str) -> None:
        """End the session of a refresh token, used or not; without effect where there is none."""
        token = read_refresh_token(text)
        if token is None:
            return
        row = self._database.fetch_one(_END, {"family": token.family_hash, "secret": token.secret_hash})
        if row is not None and row["reused"]:
            _log.warning("a refresh token was used twice: its session was ended", user_id=row["user_id"])
