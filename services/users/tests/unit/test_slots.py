"""The bound on password hashes at a time."""

from __future__ import annotations

import threading

import pytest

from shopkit.problems import Problem
from users.slots import Slots, queue_length


def refusal(slots: Slots) -> Problem:
    with pytest.raises(Problem) as caught, slots.slot():
        pass
    return caught.value


def test_one_more_than_the_queue_holds_is_turned_away_without_waiting() -> None:
    slots = Slots(size=2, queue=0, wait=3600)
    with slots.slot(), slots.slot():
        problem = refusal(slots)
    assert (problem.status, problem.slug, problem.headers) == (503, "busy", {"Retry-After": "1"})


def test_the_wait_has_an_end() -> None:
    slots = Slots(size=1, queue=1, wait=0)
    with slots.slot():
        assert refusal(slots).status == 503


def test_who_waits_gets_the_slot_that_becomes_free() -> None:
    slots = Slots(size=1, queue=1, wait=60)
    worked = threading.Event()

    def work() -> None:
        with slots.slot():
            worked.set()

    waiting = threading.Thread(target=work)
    with slots.slot():
        waiting.start()
        assert not worked.is_set()
    waiting.join(60)
    assert worked.is_set()


def test_no_more_than_the_size_work_at_a_time() -> None:
    slots = Slots(size=3, queue=37, wait=60)
    lock = threading.Lock()
    present, most, done = 0, 0, 0
    # The first three meet here inside of their slots, so that three at a time is seen and not only possible.
    together = threading.Barrier(3)
    first = threading.Semaphore(3)

    def work() -> None:
        nonlocal present, most, done
        with slots.slot():
            with lock:
                present += 1
                most = max(most, present)
            if first.acquire(blocking=False):
                together.wait(60)
            with lock:
                present -= 1
                done += 1

    threads = [threading.Thread(target=work) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (most, done) == (3, 40)


def test_a_slot_comes_back_after_a_failure_and_after_a_refusal() -> None:
    slots = Slots(size=1, queue=0, wait=0)

    def fail() -> None:
        with slots.slot():
            refusal(slots)
            raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            fail()


@pytest.mark.parametrize(("threads", "size", "queue"), [(8, 2, 4), (32, 2, 28), (4, 2, 0), (1, 2, 0)])
def test_two_threads_stay_free_for_other_requests(threads: int, size: int, queue: int) -> None:
    assert queue_length(threads, size) == queue
