"""The cache of public keys, on a clock that the test moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from shopkit.keys import KeysError, RemoteKeys
from shopkit.problems import Problem
from shopkit.testing.tokens import Tokens


@dataclass
class Bench:
    documents: list[dict[str, Any]]
    now: float = 100.0
    fetches: int = 0
    broken: bool = False
    keys: RemoteKeys = field(init=False)

    def __post_init__(self) -> None:
        self.keys = RemoteKeys(self.fetch, max_age=300.0, min_interval=5.0, clock=lambda: self.now)

    def fetch(self) -> dict[str, Any]:
        self.fetches += 1
        if self.broken:
            raise KeysError("not just now")
        return self.documents[0] if len(self.documents) == 1 else self.documents.pop(0)


def test_the_document_is_fetched_once() -> None:
    bench = Bench([Tokens("a").jwks()])
    assert bench.keys.key("a") is bench.keys.key("a") is not None
    assert bench.fetches == 1


def test_an_unknown_id_fetches_the_new_keys() -> None:
    bench = Bench([Tokens("a").jwks(), Tokens("b").jwks()])
    assert bench.keys.key("a") is not None
    bench.now += 5
    assert bench.keys.key("b") is not None
    assert bench.fetches == 2


def test_made_up_ids_do_not_become_a_flood_of_fetches() -> None:
    bench = Bench([Tokens("a").jwks()])
    for number in range(50):
        assert bench.keys.key(f"made-up-{number}") is None
    assert bench.fetches == 1
    bench.now += 5
    assert bench.keys.key("made-up") is None
    assert bench.fetches == 2


def test_keys_are_renewed_with_age_and_a_withdrawn_key_is_gone() -> None:
    bench = Bench([Tokens("a").jwks(), Tokens("b").jwks()])
    assert bench.keys.key("a") is not None
    bench.now += 300
    assert bench.keys.key("a") is None
    assert bench.fetches == 2


def test_known_keys_go_on_working_while_users_is_away() -> None:
    bench = Bench([Tokens("a").jwks()])
    assert bench.keys.key("a") is not None
    bench.broken = True
    bench.now += 1000
    for _ in range(10):
        assert bench.keys.key("a") is not None
    assert bench.fetches == 2


def test_without_any_key_it_is_a_503_and_later_it_works() -> None:
    bench = Bench([Tokens("a").jwks()], broken=True)
    for _ in range(3):
        with pytest.raises(Problem) as caught:
            bench.keys.key("a")
        assert caught.value.status == 503
    assert bench.fetches == 1
    bench.broken = False
    bench.now += 0.5
    assert bench.keys.key("a") is not None


def test_keys_can_be_fetched_before_they_are_needed() -> None:
    bench = Bench([Tokens("a").jwks()], broken=True)
    assert [bench.keys.fetched(), bench.keys.fetched()] == [False, False]
    bench.broken = False
    assert bench.keys.fetched()
    assert bench.keys.fetched()
    assert bench.keys.key("a") is not None
    assert bench.fetches == 3
