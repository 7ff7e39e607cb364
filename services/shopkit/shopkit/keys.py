"""Public keys for tokens: a fixed set, or the JWKS document that the service `users` publishes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from shopkit import problems
from shopkit.problems import Problem

_log = structlog.get_logger(__name__)


class KeysError(Exception):
    """There are no keys to be had from where they should be."""


def parse_jwks(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Ed25519 public keys of a JWKS document by their `kid`; other kinds of keys are passed over.

    Raises:
        KeysError: the document is not a JWKS.
    """
    from jwt.algorithms import OKPAlgorithm

    found = document.get("keys")
    if not isinstance(found, list):
        raise KeysError("the document has no list `keys`")
    return {
        str(key["kid"]): OKPAlgorithm.from_jwk(json.dumps(key))
        for key in found
        if key.get("kty") == "OKP" and key.get("crv") == "Ed25519" and "kid" in key
    }


class StaticKeys:
    """A fixed set of keys.

    Args:
        document: a JWKS document.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._keys: dict[str, Any] | None = None

    def key(self, kid: str) -> Any | None:
        """Return the key with this id, or None."""
        if self._keys is None:
            self._keys = parse_jwks(self._document)
        return self._keys.get(kid)


FIRST_INTERVAL = 0.5
"""Seconds between two attempts to get the first keys."""


class RemoteKeys:
    """Keys of a JWKS document elsewhere, kept for `max_age` seconds and fetched at most every `min_interval`.

    An unknown id causes a fetch, for it may be a new key; the interval keeps made-up ids from becoming a flood of
    fetches. When a fetch fails the keys that are known go on working.

    Args:
        fetch: returns the document, or raises KeysError or Problem.
        max_age: seconds after which the document is fetched again.
        min_interval: least seconds between two fetches.
        clock: monotonic clock.
    """

    def __init__(
        self,
        fetch: Callable[[], Mapping[str, Any]],
        *,
        max_age: float = 300.0,
        min_interval: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._max_age = max_age
        self._min_interval = min_interval
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, Any] = {}
        self._fetched = float("-inf")
        self._tried = float("-inf")

    def key(self, kid: str) -> Any | None:
        """Return the key with this id, or None.

        Raises:
            Problem: 503 when no key was ever fetched.
        """
        found = self._keys.get(kid)
        if found is not None and self._clock() - self._fetched < self._max_age:
            return found
        with self._lock:
            now = self._clock()
            stale = kid not in self._keys or now - self._fetched >= self._max_age
            # Without any key nobody can be let in: that is no state to stay in for long.
            interval = self._min_interval if self._keys else min(self._min_interval, FIRST_INTERVAL)
            if stale and now - self._tried >= interval:
                self._tried = now
                self._refresh()
        if not self._keys:
            raise problems.unavailable("keys-unavailable", "The keys to check tokens cannot be had.", retry_after=5)
        return self._keys.get(kid)

    def fetched(self) -> bool:
        """Fetch the document unless it is here already, and tell whether it is here now."""
        with self._lock:
            if not self._keys:
                self._tried = self._clock()
                self._refresh()
            return bool(self._keys)

    def _refresh(self) -> None:
        try:
            self._keys = parse_jwks(self._fetch())
        except (KeysError, Problem) as error:
            _log.warning("the public keys for tokens could not be fetched", cause=str(error))
            return
        self._fetched = self._clock()
