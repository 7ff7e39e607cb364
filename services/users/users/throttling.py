"""How long a login has to wait after failed ones: pure decisions, see `users.attempts` for what is remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

FORGET_SECONDS = 3600
"""After so long without a failure the count begins anew."""
KNOWN_DAYS = 90
"""So long an address is known from which the account was logged in to."""
_LONGEST_WAIT = 900.0
_LONGEST_WAIT_OF_ACCOUNT = 60.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a login is counted by.

    Attributes:
        pair: this account from this address.
        address: any account from this address.
        account: this account from any address.
    """

    pair: bytes
    address: bytes
    account: bytes

    @property
    def keys(self) -> list[bytes]:
        """All three, always in this order: so no two statements that count wait for each other."""
        return [self.pair, self.address, self.account]


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered of one key.

    Attributes:
        failures: failed logins, without those that are forgotten.
        since: seconds since the last of them.
        known: whether a login has succeeded within `KNOWN_DAYS`.
        fresh: whether that is noted to be less than a day ago.
    """

    failures: int = 0
    since: float = 0.0
    known: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How many logins may fail before the first wait."""

    per_pair: int
    per_address: int
    per_account: int


def attempt_of(email: str, address: str) -> Attempt:
    """Return what a login is counted by; upper and lower case in e-mail addresses are the same.

    Whether there is such an account makes no difference.
    """
    account = email.lower()
    return Attempt(_key("pair", account, address), _key("address", address), _key("account", account))


def registration_key(address: str) -> bytes:
    """Return what registrations from an address are counted by."""
    return _key("registration", address)


def wait_seconds(limits: Limits, attempt: Attempt, past: Mapping[bytes, Past]) -> float:
    """Return how long this login has to wait; 0: it may be tried.

    Strangers cannot keep the owner of an account out: from an address that is known, it is not asked how often logins
    have failed from others.
    """
    nothing = Past()
    pair, address, account = (past.get(key, nothing) for key in attempt.keys)
    waits = [
        _wait(pair, limits.per_pair, _LONGEST_WAIT),
        _wait(address, limits.per_address, _LONGEST_WAIT),
        0.0 if pair.known else _wait(account, limits.per_account, _LONGEST_WAIT_OF_ACCOUNT),
    ]
    return max(waits)


def _wait(past: Past, free: int, longest: float) -> float:
    """Return what is left of the wait: one second after the last free failure, twice as long after each further."""
    if past.failures < free:
        return 0.0
    doublings = min(past.failures - free, 30)
    return max(0.0, min(longest, float(2**doublings)) - past.since)


def _key(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
