"""How long a login waits."""

from __future__ import annotations

import pytest

from users.throttling import Attempt, Limits, Past, attempt_of, wait_seconds

LIMITS = Limits(per_pair=5, per_address=50, per_account=50)
ATTEMPT = attempt_of("ann@example.com", "203.0.113.7")


def wait(**past: Past) -> float:
    return wait_seconds(LIMITS, ATTEMPT, {getattr(ATTEMPT, name): value for name, value in past.items()})


@pytest.mark.parametrize(
    ("failures", "since", "seconds"),
    [
        (0, 0, 0),
        (4, 0, 0),
        (5, 0, 1),
        (5, 0.25, 0.75),
        (5, 1, 0),
        (6, 0, 2),
        (7, 0, 4),
        (14, 0, 512),
        (15, 0, 900),
        (15, 899, 1),
        (15, 900, 0),
        (1_000_000_000, 0, 900),
    ],
)
def test_the_wait_of_a_pair_doubles_up_to_a_quarter_of_an_hour(failures: int, since: float, seconds: float) -> None:
    assert wait(pair=Past(failures, since)) == seconds


@pytest.mark.parametrize(("failures", "seconds"), [(49, 0), (50, 1), (51, 2), (55, 32), (60, 900)])
def test_an_address_has_a_limit_of_its_own(failures: int, seconds: float) -> None:
    assert wait(address=Past(failures)) == seconds
    assert wait(address=Past(failures), pair=Past(known=True)) == seconds


@pytest.mark.parametrize(("failures", "seconds"), [(49, 0), (50, 1), (55, 32), (56, 60), (1_000_000, 60)])
def test_an_account_makes_strangers_wait_a_minute_at_most(failures: int, seconds: float) -> None:
    assert wait(account=Past(failures)) == seconds


def test_a_known_address_does_not_wait_for_the_failures_of_others() -> None:
    assert wait(account=Past(1_000_000), pair=Past(known=True)) == 0
    assert wait(account=Past(1_000_000), pair=Past(5, known=True)) == 1


def test_the_longest_wait_counts() -> None:
    assert wait(pair=Past(6), address=Past(53), account=Past(52)) == 8


def test_an_attempt_is_counted_by_account_and_address() -> None:
    again = attempt_of("ANN@example.com", "203.0.113.7")
    elsewhere = attempt_of("ann@example.com", "203.0.113.8")
    other = attempt_of("bob@example.com", "203.0.113.7")
    assert again == ATTEMPT
    assert (elsewhere.account, other.address) == (ATTEMPT.account, ATTEMPT.address)
    everything = [key for attempt in (ATTEMPT, elsewhere, other) for key in attempt.keys]
    assert len(set(everything)) == 7
    assert {len(key) for key in everything} == {32}


def test_the_keys_have_one_order() -> None:
    assert Attempt(b"p", b"a", b"u").keys == [b"p", b"a", b"u"]
