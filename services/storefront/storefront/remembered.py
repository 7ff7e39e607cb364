"""Answers that are kept for some seconds."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Generic, TypeVar

from storefront.clients.answers import NO_ANSWER

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[V]):
    """One value that is fetched anew after some seconds; when that fails, the last one serves on.

    Args:
        fetch: gets the value.
        seconds: for how long it is good.
        clock: monotonic.
    """

    def __init__(self, fetch: Callable[[], V], seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._value: V | None = None
        self._fetched = float("-inf")

    def get(self) -> V:
        """Return the value. While one thread fetches it, the others get the old one.

        Raises:
            Problem: `fetch` raised it, and there is no old one.
        """
        old = self._value
        if old is not None and self._clock() - self._fetched < self._seconds:
            return old
        if old is None:
            with self._lock:
                return self._value if self._value is not None else self._renew()
        if self._lock.acquire(blocking=False):
            try:
                return self._renew()
            except NO_ANSWER:
                # The service is not asked by every request until it is back.
                self._fetched = self._clock()
            finally:
                self._lock.release()
        return old

    def peek(self) -> V | None:
        """Return the last value, however old; nothing is fetched."""
        return self._value

    def _renew(self) -> V:
        self._value = value = self._fetch()
        self._fetched = self._clock()
        return value


class RememberedMany(Generic[K, V]):
    """Values by key, each good for some seconds; at most `most` of them.

    Args:
        fetch: gets the values of keys; those that do not exist are left out.
        seconds: for how long a value is good.
        most: of the values beyond, the ones that were fetched first go.
        clock: monotonic.
    """

    def __init__(
        self,
        fetch: Callable[[list[K]], Mapping[K, V]],
        seconds: float,
        most: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[K, tuple[V, float]] = OrderedDict()

    def get(self, keys: Iterable[K]) -> dict[K, V]:
        """Return the values of keys, in their order. Raises what `fetch` raises."""
        wanted = list(keys)
        oldest = self._clock() - self._seconds
        with self._lock:
            found = {key: self._known[key][0] for key in wanted if key in self._known and self._known[key][1] > oldest}
        missing = [key for key in wanted if key not in found]
        if missing:
            fetched = self._fetch(missing)
            self._keep(fetched)
            found.update(fetched)
        return {key: found[key] for key in wanted if key in found}

    def _keep(self, fetched: Mapping[K, V]) -> None:
        now = self._clock()
        with self._lock:
            for key, value in fetched.items():
                self._known[key] = (value, now)
                self._known.move_to_end(key)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
