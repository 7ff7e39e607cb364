"""Failed logins in the database: what all replicas count together."""

from __future__ import annotations

import math
from collections.abc import Iterable

from shopkit.database import Database, Row
from shopkit.problems import Problem
from users.throttling import FORGET_SECONDS, KNOWN_DAYS, Attempt, Limits, Past, wait_seconds

_READ = """
SELECT key,
    CASE WHEN failed_at > now() - %(forget)s * interval '1 second' THEN failures ELSE 0 END AS failures,
    coalesce(extract(epoch FROM now() - failed_at), 0)::float8 AS since,
    coalesce(succeeded_at > now() - %(known)s * interval '1 day', false) AS known,
    coalesce(succeeded_at > now() - interval '1 day', false) AS fresh
FROM login_throttles WHERE key = ANY(%(keys)s::bytea[])"""
# Returns what was remembered when this failure was counted: the row lock puts those that come together in an order.
_COUNT = """
INSERT INTO login_throttles AS old (key, failures, failed_at, expires_at)
SELECT key, 1, now(), now() + %(forget)s * interval '1 second'
FROM unnest(%(keys)s::bytea[]) WITH ORDINALITY AS counted (key, position) ORDER BY position
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN old.failed_at > now() - %(forget)s * interval '1 second' THEN old.failures + 1 ELSE 1 END,
    failed_at = greatest(old.failed_at, now()),
    failed_before_at = old.failed_at,
    expires_at = greatest(old.expires_at, EXCLUDED.expires_at)
RETURNING key, failures - 1 AS failures,
    coalesce(extract(epoch FROM failed_at - failed_before_at), 0)::float8 AS since,
    coalesce(succeeded_at > now() - %(known)s * interval '1 day', false) AS known"""
_SUCCEED = """
INSERT INTO login_throttles (key, succeeded_at, expires_at)
VALUES (%(pair)s, now(), now() + %(known)s * interval '1 day')
ON CONFLICT (key) DO UPDATE SET failures = 0, succeeded_at = now(), expires_at = EXCLUDED.expires_at"""
_CLEAN = """
DELETE FROM login_throttles WHERE key IN (
    SELECT key FROM login_throttles WHERE expires_at <= now() ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED
)"""


class Attempts:
    """The table `login_throttles`.

    Counting is done after a password was checked, so that logins of one user that go on at a time do not stand in each
    other's way. Guesses that go on at a time gain nothing by that: the outcome of each is held against what the others
    have left, and when that asks for a wait nobody is told it.

    Args:
        database: the service's database.
        limits: how many logins may fail before the first wait.
    """

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    def admit(self, attempt: Attempt) -> None:
        """Let a login be tried.

        Raises:
            Problem: 429, it has to wait.
        """
        self._hold(attempt, self._read(attempt))

    def failed(self, attempt: Attempt) -> None:
        """Count a login whose password was wrong.

        Raises:
            Problem: 429, others have failed in the meantime; the client must not learn that this one did.
        """
        values = {"keys": attempt.keys, "forget": FORGET_SECONDS, "known": KNOWN_DAYS}
        before = _past(self._database.fetch_all(_COUNT, values))
        self._database.execute(_CLEAN)
        self._hold(attempt, before)

    def succeeded(self, attempt: Attempt) -> None:
        """Forget the failures of this account from this address, and know the address from now on.

        The counts of the address and of the account stay: else an attacker would reset the first with an account of
        his own, and the owner would reset the second for him.

        Raises:
            Problem: 429, others have failed in the meantime; the client must not learn that this one did not.
        """
        past = self._read(attempt)
        self._hold(attempt, past)
        pair = past.get(attempt.pair, Past())
        if pair.failures or not pair.fresh:
            self._database.execute(_SUCCEED, {"pair": attempt.pair, "known": KNOWN_DAYS})

    def _read(self, attempt: Attempt) -> dict[bytes, Past]:
        values = {"keys": attempt.keys, "forget": FORGET_SECONDS, "known": KNOWN_DAYS}
        return _past(self._database.fetch_all(_READ, values))

    def _hold(self, attempt: Attempt, past: dict[bytes, Past]) -> None:
        seconds = math.ceil(wait_seconds(self._limits, attempt, past))
        if seconds > 0:
            raise Problem(
                429,
                "too-many-attempts",
                "Too many logins have failed",
                f"Too many logins have failed: try again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )


def _past(rows: Iterable[Row]) -> dict[bytes, Past]:
    return {bytes(row.pop("key")): Past(**row) for row in rows}
