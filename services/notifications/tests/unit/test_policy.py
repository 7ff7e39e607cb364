"""What becomes of a mail after an attempt."""

from __future__ import annotations

import pytest

from notifications.policy import Again, Failed, Outcome, Retries, after

RETRIES = Retries(attempts=5, pause_seconds=10, most_seconds=60)


@pytest.mark.parametrize(("attempts", "pause"), [(1, 10), (2, 20), (3, 40), (4, 60)])
@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.DOUBTFUL])
def test_each_pause_is_twice_the_one_before_up_to_the_longest(outcome: Outcome, attempts: int, pause: float) -> None:
    assert after(outcome, "busy", attempts, 0, RETRIES, 0.0) == Again(pause)


@pytest.mark.parametrize(("chance", "pause"), [(0.0, 40.0), (0.5, 30.0), (1.0, 20.0)])
def test_chance_shortens_a_pause_by_up_to_a_half(chance: float, pause: float) -> None:
    assert after(Outcome.DEFERRED, "busy", 3, 0, RETRIES, chance) == Again(pause)


def test_the_last_attempt_is_the_last() -> None:
    failed = Failed("given up after 5 attempts, the last one: busy")
    assert after(Outcome.DEFERRED, "busy", 5, 0, RETRIES, 0.0) == failed


def test_a_refusal_is_final_at_once() -> None:
    assert after(Outcome.REFUSED, "550 nobody", 1, 0, RETRIES, 0.0) == Failed("550 nobody")


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.DOUBTFUL])
def test_a_mail_that_may_have_arrived_twice_is_not_sent_a_third_time(outcome: Outcome) -> None:
    found = after(outcome, "no answer", 2, 2, RETRIES, 0.0)
    assert found == Failed("the mail server got it 2 times and never said whether it took it; at last: no answer")


def test_many_attempts_do_not_overflow() -> None:
    patient = Retries(attempts=1000, pause_seconds=10, most_seconds=60)
    assert after(Outcome.DEFERRED, "busy", 999, 0, patient, 0.0) == Again(60)
