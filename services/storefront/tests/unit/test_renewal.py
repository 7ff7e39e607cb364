"""Renewing tokens once, however many requests want it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shopkit.testing.waiting import wait_for
from storefront.renewal import Renewals, Tokens


class Users:
    """A service that ends the session when a refresh token comes a second time."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.failing = False

    def refresh(self, token: str) -> Tokens:
        assert self.gate.wait(10)
        self.asked.append(token)
        if self.failing:
            raise ConnectionError("users is away")
        return Tokens(f"access after {token}", f"refresh after {token}", 1000.0)


@pytest.fixture
def users() -> Users:
    return Users()


def test_requests_at_a_time_share_one_renewal(users: Users) -> None:
    renewals = Renewals(users.refresh)
    with ThreadPoolExecutor(8) as threads:
        waiting = [threads.submit(renewals.renew, "old") for _ in range(8)]
        users.gate.set()
        outcomes = {future.result().access for future in waiting}
    assert outcomes == {"access after old"}
    assert users.asked == ["old"]


def test_a_later_request_with_the_old_cookie_gets_the_outcome_for_a_while(users: Users) -> None:
    users.gate.set()
    now = [0.0]
    renewals = Renewals(users.refresh, keep_seconds=120, clock=lambda: now[0])
    renewals.renew("old")
    now[0] = 119.0
    assert renewals.renew("old").refresh == "refresh after old"
    assert users.asked == ["old"]
    now[0] = 121.0
    renewals.renew("other")
    renewals.renew("old")
    assert users.asked == ["old", "other", "old"]


def test_a_failure_is_everybodys_and_the_next_request_tries_again(users: Users) -> None:
    users.failing = True
    renewals = Renewals(users.refresh)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(renewals.renew, "old")
        users.gate.set()
        wait_for(first.done, "the first request")
    with pytest.raises(ConnectionError):
        first.result()
    users.failing = False
    assert renewals.renew("old").access == "access after old"
    assert users.asked == ["old", "old"]


def test_tokens_are_renewed_before_they_expire() -> None:
    tokens = Tokens("a", "r", 1000.0)
    assert (tokens.fresh(969.0), tokens.fresh(970.0)) == (True, False)
    assert (tokens.usable(999.0), tokens.usable(1000.0)) == (True, False)
