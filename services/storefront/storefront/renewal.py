"""The tokens of a signed-in shopper, and their renewal.

A refresh token is good for one use; used twice, it ends the session. A browser sends several requests at a time (tabs
that are restored), all with the same cookie: they have to share one renewal, and those that come a little later with
the old cookie get its outcome as well.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

# An access token that is good for less than this is renewed first.
MARGIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a shopper is signed in with.

    Attributes:
        access: sent to the services.
        refresh: good for the next pair.
        expires: when the access token does, in seconds since the epoch.
    """

    access: str
    refresh: str
    expires: float

    def fresh(self, now: float) -> bool:
        """Tell whether the access token can still be used for a request."""
        return now < self.expires - MARGIN_SECONDS

    def usable(self, now: float) -> bool:
        """Tell whether the access token has not expired."""
        return now < self.expires


@dataclass(frozen=True, slots=True)
class _Renewal:
    future: Future[Tokens]
    begun: float


class Renewals:
    """Renews tokens, once for each refresh token. Safe for threads.

    Args:
        refresh: asks the service `users`.
        keep_seconds: for how long an outcome is remembered for requests that still have the old cookie.
        clock: monotonic.
    """

    def __init__(
        self,
        refresh: Callable[[str], Tokens],
        keep_seconds: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._refresh = refresh
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._renewals: dict[bytes, _Renewal] = {}

    def renew(self, refresh_token: str) -> Tokens:
        """Return the next tokens.

        Raises:
            Exception: what `refresh` raised; the next request tries again.
        """
        key = hashlib.sha256(refresh_token.encode()).digest()
        with self._lock:
            self._forget()
            known = self._renewals.get(key)
            if known is None:
                mine = self._renewals[key] = _Renewal(Future(), self._clock())
        if known is not None:
            return known.future.result()
        try:
            tokens = self._refresh(refresh_token)
        except BaseException as error:
            with self._lock:
                del self._renewals[key]
            mine.future.set_exception(error)
            raise
        mine.future.set_result(tokens)
        return tokens

    def _forget(self) -> None:
        """Drop what is old; the dictionary is in the order of time."""
        oldest = self._clock() - self._keep_seconds
        while self._renewals:
            key, renewal = next(iter(self._renewals.items()))
            if renewal.begun > oldest or not renewal.future.done():
                return
            del self._renewals[key]
