"""Breaker, retry budget and bulkhead, with a clock that the test moves."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from shopkit.resilience import (
    Breaker,
    BreakerOpen,
    Bulkhead,
    BulkheadFull,
    RetryBudget,
    State,
    whole_seconds,
)


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Tried:
    """A breaker of two failures and ten seconds, and what it told."""

    clock: Clock = field(default_factory=Clock)
    changes: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breaker = Breaker(2, 10, lambda before, after: self.changes.append((before, after)), self.clock)

    def call(self, *, well: bool | None) -> None:
        self.breaker.settle(self.breaker.admit(), well)

    def open(self) -> None:
        self.call(well=False)
        self.call(well=False)
        assert self.changes == [("closed", "open")]
        self.changes.clear()


@pytest.fixture
def tried() -> Tried:
    return Tried()


def test_only_failures_in_a_row_open_it(tried: Tried) -> None:
    for well in (False, True, False, None, True, False):
        tried.call(well=well)
    assert tried.changes == []
    tried.call(well=False)
    assert tried.changes == [("closed", "open")]


def test_open_it_says_for_how_long_it_lets_nothing_through(tried: Tried) -> None:
    tried.open()
    tried.clock.now += 3.5
    with pytest.raises(BreakerOpen) as refused:
        tried.breaker.admit()
    assert refused.value.seconds == 6.5


def test_half_open_it_lets_one_call_through(tried: Tried) -> None:
    tried.open()
    tried.clock.now += 10
    ticket = tried.breaker.admit()
    with pytest.raises(BreakerOpen) as refused:
        tried.breaker.admit()
    assert refused.value.seconds == 0
    tried.breaker.settle(ticket, well=True)
    assert tried.changes == [("open", "half-open"), ("half-open", "closed")]
    tried.call(well=False)
    assert len(tried.changes) == 2, "the failures from before do not count any more"


def test_a_trial_that_fails_opens_it_again_for_the_whole_time(tried: Tried) -> None:
    tried.open()
    tried.clock.now += 10
    tried.call(well=False)
    assert tried.changes == [("open", "half-open"), ("half-open", "open")]
    tried.clock.now += 9
    with pytest.raises(BreakerOpen):
        tried.breaker.admit()


def test_a_trial_that_says_nothing_leaves_the_place_to_the_next(tried: Tried) -> None:
    tried.open()
    tried.clock.now += 10
    tried.call(well=None)
    tried.call(well=True)
    assert tried.changes[-1] == ("half-open", "closed")


def test_what_began_before_a_change_does_not_count_after_it(tried: Tried) -> None:
    old, failing = tried.breaker.admit(), tried.breaker.admit()
    tried.open()
    tried.breaker.settle(old, well=True)
    tried.clock.now += 10
    trial = tried.breaker.admit()
    tried.breaker.settle(failing, well=False)
    tried.breaker.settle(trial, well=True)
    assert tried.changes == [("open", "half-open"), ("half-open", "closed")]


def test_what_slips_through_while_it_opens_does_not_open_it_again(tried: Tried) -> None:
    tried.open()
    slipped = tried.breaker._ticket
    for _ in range(5):
        tried.breaker.settle(slipped, well=False)
    assert tried.changes == []


def test_many_threads_get_one_trial(tried: Tried) -> None:
    tried.open()
    tried.clock.now += 10
    together = threading.Barrier(16)
    admitted: list[int] = []

    def call() -> None:
        together.wait(30)
        try:
            admitted.append(tried.breaker.admit())
        except BreakerOpen:
            return

    threads = [threading.Thread(target=call) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(admitted) == 1


def test_states_are_numbered_by_how_bad_they_are() -> None:
    assert list(State) == ["closed", "half-open", "open"]


def test_a_budget_is_a_share_of_the_calls_and_a_few_a_second() -> None:
    clock = Clock()
    budget = RetryBudget(share=0.25, per_second=0.5, most=2, clock=clock)
    assert [budget.spend() for _ in range(3)] == [True, True, False]
    for _ in range(4):
        budget.call()
    assert [budget.spend() for _ in range(2)] == [True, False]
    clock.now += 2
    assert [budget.spend() for _ in range(2)] == [True, False]
    clock.now += 1000
    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_a_bulkhead_bounds_the_calls_at_once() -> None:
    bulkhead = Bulkhead(2, patience=0)
    with bulkhead.entered():
        with bulkhead.entered(), pytest.raises(BulkheadFull), bulkhead.entered():
            pass
        with bulkhead.entered():
            pass


def test_a_call_waits_a_moment_for_its_turn() -> None:
    bulkhead = Bulkhead(1, patience=30)
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with bulkhead.entered():
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(30)
    threading.Timer(0.02, leave.set).start()
    with bulkhead.entered():
        assert leave.is_set()
    thread.join(30)


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, 1), (0.2, 1), (1.0, 1), (1.01, 2), (59.2, 60)])
def test_retry_after_is_in_whole_seconds(seconds: float, shown: int) -> None:
    assert whole_seconds(seconds) == shown
