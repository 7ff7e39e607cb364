"""Load by journeys of several requests that follow from each other, begun at a fixed rate."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from e2e.bench.latency import Outcome, Summary, summarise

THREADS = 64

Journey = Callable[[int], str]
"""Goes its way; the argument is its number, the result how it ended (`ok`, or what went wrong)."""


def run(journey: Journey, rate: float, seconds: float, threads: int = THREADS) -> Summary:
    """Begin journeys at a fixed rate, whether or not earlier ones have ended, and wait for all of them.

    Args:
        journey: see `Journey`; called in threads.
        rate: journeys begun per second.
        seconds: how long they are begun.
        threads: how many are under way at most; one that has to wait for a thread counts its wait.
    """
    start = time.perf_counter() + 0.1

    def go(number: int) -> Outcome:
        label = journey(number)
        due = number / rate
        return Outcome(due, time.perf_counter() - start - due, label)

    with ThreadPoolExecutor(threads) as pool:
        futures = []
        for number in range(int(rate * seconds)):
            time.sleep(max(0.0, start + number / rate - time.perf_counter()))
            futures.append(pool.submit(go, number))
        return summarise([future.result() for future in futures], rate, frozenset(("ok",)))
