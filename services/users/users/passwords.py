"""Passwords: hashed with argon2id, no more at a time than the pod has memory for."""

from __future__ import annotations

import base64
import secrets
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from users.settings import HashSettings
from users.slots import Slots

_SALT_BYTES, _HASH_BYTES = 16, 32


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check.

    Attributes:
        matches: whether the password is the right one.
        replacement: a new hash to be stored, where the old one has another cost than is set now.
    """

    matches: bool
    replacement: str | None = None


class Passwords:
    """Makes and checks password hashes.

    Args:
        settings: what a hash costs.
        slots: bound on hashes at a time.
    """

    def __init__(self, settings: HashSettings, slots: Slots) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
        )
        self._slots = slots
        self._nobodys = _unmatchable(settings)

    def hash(self, password: str) -> str:
        """Return the hash of a new password.

        Raises:
            Problem: 503, there was no slot in time.
        """
        with self._slots.slot():
            return self._hasher.hash(_normal(password))

    def check(self, stored: str | None, password: str) -> Verdict:
        """Compare a password with a stored hash.

        Args:
            stored: the hash, or None where there is no such account: that takes the same time as a wrong password,
                so that nobody learns from it who has an account.
            password: what was given.

        Raises:
            Problem: 503, there was no slot in time.
        """
        with self._slots.slot():
            try:
                self._hasher.verify(stored or self._nobodys, _normal(password))
            except VerifyMismatchError:
                return Verdict(matches=False)
            if stored is not None and self._hasher.check_needs_rehash(stored):
                return Verdict(matches=True, replacement=self._hasher.hash(_normal(password)))
            return Verdict(matches=stored is not None)


def _normal(password: str) -> str:
    """Return the form that is hashed: keyboards differ in how they compose an accented letter."""
    return unicodedata.normalize("NFKC", password)


def _unmatchable(settings: HashSettings) -> str:
    """Return a hash of the set cost that was made from no password."""
    cost = f"m={settings.argon2_memory_kib},t={settings.argon2_time_cost},p={settings.argon2_parallelism}"
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (_SALT_BYTES, _HASH_BYTES)
    )
    return f"$argon2id$v=19${cost}${salt}${digest}"
