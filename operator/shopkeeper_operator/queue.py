"""The work queue: keys that wait for a reconcile, with the semantics of client-go's.

A key is in the queue once however often it is added; it is never handed to two workers; what is added while it is
being worked on comes again afterwards. A failed key returns after a growing, jittered pause, which a success resets.
Urgent keys (something happened) go before those of a resync. All methods belong to the event loop's thread.
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Callable, Hashable
from enum import IntEnum
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 300.0


class Priority(IntEnum):
    """Which keys go first."""

    URGENT = 0
    RESYNC = 1


class Queue(Generic[K]):
    """A de-duplicating queue of keys for several workers."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] | None = None,
        call_later: Callable[[float, Callable[[], None]], object] | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Make an empty queue.

        Args:
            clock: monotonic seconds; the event loop's by default.
            call_later: runs a function after a delay and returns a handle with `cancel`; the event loop's by default.
            jitter: draws from 0 to 1; a pause is stretched by up to a fifth of itself.
        """
        self._clock = clock or asyncio.get_running_loop().time
        self._call_later = call_later or asyncio.get_running_loop().call_later
        self._jitter = jitter
        self._waiting: dict[Priority, OrderedDict[K, float]] = {level: OrderedDict() for level in Priority}
        self._working: set[K] = set()
        self._again: dict[K, Priority] = {}
        self._failures: dict[K, int] = {}
        self._timers: dict[K, tuple[float, object]] = {}
        self._wakeup = asyncio.Event()

    def __len__(self) -> int:
        return sum(len(level) for level in self._waiting.values())

    @property
    def oldest(self) -> float:
        """Seconds that the key at the head has waited; 0 where none waits."""
        heads = [next(iter(level.values())) for level in self._waiting.values() if level]
        return self._clock() - min(heads) if heads else 0.0

    def add(self, key: K, priority: Priority = Priority.URGENT) -> None:
        """Put a key in the queue, or move it up where it waits at a lower priority."""
        if key in self._working:
            self._again[key] = min(priority, self._again.get(key, priority))
            return
        since = self._clock()
        for level in Priority:
            if key in self._waiting[level]:
                if level <= priority:
                    return
                since = self._waiting[level].pop(key)
        self._waiting[priority][key] = since
        self._wakeup.set()

    def add_after(self, key: K, delay: float) -> None:
        """Put a key in the queue after a delay, unless it is due earlier anyway."""
        due = self._clock() + delay
        if key in self._timers:
            known, handle = self._timers[key]
            if known <= due:
                return
            _cancel(handle)
        self._timers[key] = (due, self._call_later(delay, lambda: self._fire(key)))

    def _fire(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def retry(self, key: K) -> float:
        """Put a key in the queue after its next pause, and return the pause."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = min(FIRST_PAUSE * 2.0 ** min(failures, 30), LONGEST_PAUSE) * (1 + self._jitter() / 5)
        self.add_after(key, pause)
        return pause

    def forget(self, key: K) -> None:
        """Reset the pauses of a key: it has succeeded."""
        self._failures.pop(key, None)

    def discard(self, key: K) -> None:
        """Forget everything about a key that is gone, but for its being worked on."""
        self.forget(key)
        timer = self._timers.pop(key, None)
        if timer is not None:
            _cancel(timer[1])

    async def get(self) -> tuple[K, float]:
        """Wait for a key and return it with the seconds it has waited. `done` has to follow."""
        while True:
            for level in self._waiting.values():
                if level:
                    key, since = level.popitem(last=False)
                    self._working.add(key)
                    return key, self._clock() - since
            self._wakeup.clear()
            await self._wakeup.wait()

    def done(self, key: K) -> None:
        """End the work on a key; it comes again at once if it was added meanwhile."""
        self._working.discard(key)
        priority = self._again.pop(key, None)
        if priority is not None:
            self.add(key, priority)


def _cancel(handle: object) -> None:
    cancel = getattr(handle, "cancel", None)
    if cancel is not None:
        cancel()
