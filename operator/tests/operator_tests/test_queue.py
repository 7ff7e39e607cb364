"""The queue, on a clock of its own."""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from shopkeeper_operator.queue import FIRST_PAUSE, LONGEST_PAUSE, Priority, Queue


class Clock:
    """A clock that moves when it is told to, and runs what is due."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], None], Handle]] = []
        self._count = 0

    def call_later(self, delay: float, act: Callable[[], None]) -> "Handle":
        """Run a function later."""
        handle = Handle()
        self._count += 1
        heapq.heappush(self._due, (self.now + delay, self._count, act, handle))
        return handle

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            self.now, _, act, handle = heapq.heappop(self._due)
            if not handle.cancelled:
                act()
        self.now = end


class Handle:
    """What `call_later` returns."""

    cancelled = False

    def cancel(self) -> None:
        """Do not run it."""
        self.cancelled = True


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue[str]:
    """Return an empty queue without jitter."""
    return Queue(clock=lambda: clock.now, call_later=clock.call_later, jitter=lambda: 0.0)


def take(queue: Queue[str]) -> str:
    """Take the next key, which must be there."""
    return run(queue.get())[0]


def run(awaited: Coroutine[Any, Any, tuple[str, float]]) -> tuple[str, float]:
    """Run a coroutine that does not wait."""
    with pytest.raises(StopIteration) as done:
        awaited.send(None)
    result: tuple[str, float] = done.value.value
    return result


def test_a_key_is_in_the_queue_once(queue: Queue[str]) -> None:
    for _ in range(3):
        queue.add("a")

    assert len(queue) == 1
    assert take(queue) == "a"
    assert len(queue) == 0


def test_keys_come_in_the_order_of_their_first_addition(queue: Queue[str]) -> None:
    for key in ("a", "b", "a", "c"):
        queue.add(key)

    assert [take(queue) for _ in range(3)] == ["a", "b", "c"]


def test_a_key_is_never_handed_to_two_workers(queue: Queue[str]) -> None:
    queue.add("a")
    take(queue)
    queue.add("a")
    queue.add("a")

    assert len(queue) == 0
    queue.done("a")

    assert take(queue) == "a"
    queue.done("a")
    assert len(queue) == 0


def test_urgent_keys_go_first(queue: Queue[str]) -> None:
    queue.add("resync", Priority.RESYNC)
    queue.add("urgent")

    assert [take(queue), take(queue)] == ["urgent", "resync"]


def test_a_key_moves_up_but_not_down(queue: Queue[str]) -> None:
    queue.add("a", Priority.RESYNC)
    queue.add("b", Priority.RESYNC)
    queue.add("b")
    queue.add("b", Priority.RESYNC)

    assert [take(queue), take(queue)] == ["b", "a"]


def test_what_comes_during_the_work_keeps_its_priority(queue: Queue[str]) -> None:
    queue.add("a")
    take(queue)
    queue.add("a")
    queue.add("a", Priority.RESYNC)
    queue.add("b", Priority.RESYNC)
    queue.done("a")

    assert take(queue) == "a"


def test_pauses_double_up_to_a_limit_and_start_anew_after_a_success(queue: Queue[str]) -> None:
    pauses = [queue.retry("a") for _ in range(15)]

    assert pauses[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    queue.forget("a")
    assert queue.retry("a") == FIRST_PAUSE
    assert queue.retry("b") == FIRST_PAUSE


def test_jitter_stretches_a_pause_by_a_fifth(clock: Clock) -> None:
    queue: Queue[str] = Queue(clock=lambda: clock.now, call_later=clock.call_later, jitter=lambda: 1.0)

    assert queue.retry("a") == pytest.approx(FIRST_PAUSE * 1.2)


def test_a_retry_comes_after_its_pause(queue: Queue[str], clock: Clock) -> None:
    queue.retry("a")
    clock.advance(FIRST_PAUSE / 2)
    assert len(queue) == 0

    clock.advance(FIRST_PAUSE)

    assert take(queue) == "a"


def test_the_earlier_of_two_delays_counts(queue: Queue[str], clock: Clock) -> None:
    queue.add_after("a", 60)
    queue.add_after("a", 5)
    queue.add_after("a", 30)
    clock.advance(5)
    assert take(queue) == "a"
    queue.done("a")

    clock.advance(100)

    assert len(queue) == 0


def test_an_event_does_not_wait_for_a_delay(queue: Queue[str]) -> None:
    queue.add_after("a", 60)
    queue.add("a")

    assert take(queue) == "a"


def test_what_is_discarded_does_not_come_back(queue: Queue[str], clock: Clock) -> None:
    queue.retry("a")
    queue.discard("a")
    clock.advance(1000)

    assert len(queue) == 0
    assert queue.retry("a") == FIRST_PAUSE


def test_age_is_that_of_the_oldest_key(queue: Queue[str], clock: Clock) -> None:
    assert queue.oldest == 0.0
    queue.add("a", Priority.RESYNC)
    clock.advance(7)
    queue.add("b")
    clock.advance(2)

    assert queue.oldest == 9
    take(queue)
    assert run(queue.get()) == ("a", 9)


def test_a_waiting_worker_wakes_up() -> None:
    async def scenario() -> list[str]:
        queue: Queue[str] = Queue()
        workers = [asyncio.create_task(queue.get()) for _ in range(2)]
        await asyncio.sleep(0)
        queue.add("a")
        queue.add("b")
        return sorted(key for key, _ in await asyncio.gather(*workers))

    assert asyncio.run(scenario()) == ["a", "b"]
