"""Answers that are kept for some seconds."""

from __future__ import annotations

import pytest

from shopkit import problems
from storefront.remembered import Remembered, RememberedMany


class Source:
    """A service that counts what it is asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.away = False
        self.keys: list[list[str]] = []

    def value(self) -> int:
        self.asked += 1
        if self.away:
            raise problems.unavailable("away", "It is away.")
        return self.asked

    def values(self, keys: list[str]) -> dict[str, str]:
        self.keys.append(keys)
        return {key: key.upper() for key in keys if key != "gone"}


def test_a_value_is_fetched_anew_after_its_time() -> None:
    source = Source()
    remembered = Remembered(source.value, 10, clock=lambda: source.now)
    assert remembered.peek() is None
    assert [remembered.get(), remembered.get()] == [1, 1]
    source.now = 10.0
    assert [remembered.get(), remembered.peek()] == [2, 2]


def test_the_last_value_serves_on_while_the_service_is_away() -> None:
    source = Source()
    remembered = Remembered(source.value, 10, clock=lambda: source.now)
    remembered.get()
    source.now, source.away = 10.0, True
    assert [remembered.get(), remembered.get()] == [1, 1]
    assert source.asked == 2
    source.now, source.away = 20.0, False
    assert remembered.get() == 3


def test_without_a_last_value_the_failure_is_told() -> None:
    source = Source()
    source.away = True
    with pytest.raises(problems.Problem):
        Remembered(source.value, 10).get()


def test_of_many_only_those_are_asked_for_that_are_not_known() -> None:
    source = Source()
    remembered: RememberedMany[str, str] = RememberedMany(source.values, 10, clock=lambda: source.now)
    assert remembered.get(["b", "a"]) == {"b": "B", "a": "A"}
    assert list(remembered.get(["a", "gone", "c", "b"])) == ["a", "c", "b"]
    assert source.keys == [["b", "a"], ["gone", "c"]]
    source.now = 10.0
    remembered.get(["a"])
    assert source.keys[-1] == ["a"]
    assert remembered.get([]) == {}


def test_of_many_the_oldest_go_when_there_are_too_many() -> None:
    source = Source()
    remembered: RememberedMany[str, str] = RememberedMany(source.values, 10, most=2)
    for key in ("a", "b", "c", "a"):
        remembered.get([key])
    assert source.keys == [["a"], ["b"], ["c"], ["a"]]
