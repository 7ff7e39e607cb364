"""How many accounts are made from one address."""

from __future__ import annotations

import math

from shopkit.database import Database
from shopkit.problems import Problem
from users.throttling import registration_key

_HOUR = 3600.0
# A bucket that leaks: `expires_at` is when it will be empty, each registration fills it for a while longer, one that
# it does not have room for changes nothing. An empty one is the same as none, and is cleaned away as such.
_TAKE = """
INSERT INTO login_throttles AS bucket (key, expires_at) VALUES (%(key)s, now() + make_interval(secs => %(step)s))
ON CONFLICT (key) DO UPDATE SET expires_at = greatest(bucket.expires_at, now()) + make_interval(secs => %(step)s)
WHERE bucket.expires_at <= now() + make_interval(secs => %(room)s)
RETURNING key"""


class Registrations:
    """Counts them in the table `login_throttles`, all replicas together.

    Args:
        database: the service's database.
        per_hour: how many are taken in an hour from one address, all of them at once if they come so.
    """

    def __init__(self, database: Database, per_hour: int) -> None:
        self._database = database
        self._step = _HOUR / per_hour

    def admit(self, address: str) -> None:
        """Count a registration from this address.

        Raises:
            Problem: 429, there were too many.
        """
        values = {"key": registration_key(address), "step": self._step, "room": _HOUR - self._step}
        if self._database.fetch_one(_TAKE, values) is None:
            seconds = math.ceil(self._step)
            raise Problem(
                429,
                "too-many-registrations",
                "Too many accounts are made from this address",
                f"Too many accounts are made from this address: try again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )
