"""Hashing and checking passwords."""

from __future__ import annotations

import argon2
import pytest

from shopkit.problems import Problem
from users.passwords import Passwords
from users.settings import HashSettings
from users.slots import Slots

CHEAP = HashSettings(argon2_memory_kib=1024, argon2_time_cost=1, argon2_parallelism=1)
DEARER = HashSettings(argon2_memory_kib=2048, argon2_time_cost=2, argon2_parallelism=1)


def passwords(settings: HashSettings = CHEAP) -> Passwords:
    return Passwords(settings, Slots(size=1, queue=0, wait=0))


def test_the_default_cost_is_what_owasp_recommends() -> None:
    assert passwords(HashSettings()).hash("correct horse").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_the_same_password_never_has_the_same_hash() -> None:
    assert passwords().hash("correct horse") != passwords().hash("correct horse")


@pytest.mark.parametrize(
    ("given", "matches"),
    [("correct horse", True), ("Correct horse", False), ("correct horse ", False), ("", False), ("\x00", False)],
)
def test_only_the_right_password_matches(given: str, matches: bool) -> None:
    verdict = passwords().check(passwords().hash("correct horse"), given)
    assert (verdict.matches, verdict.replacement) == (matches, None)


def test_a_password_is_the_same_however_its_letters_are_composed() -> None:
    stored = passwords().hash("gr\u00fcn-gr\u00fcn")
    assert passwords().check(stored, "gru\u0308n-gru\u0308n").matches


def test_where_there_is_no_account_the_work_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[argon2.Parameters] = []
    verify = argon2.PasswordHasher.verify

    def spy(hasher: argon2.PasswordHasher, stored: str, password: str) -> bool:
        compared.append(argon2.extract_parameters(stored))
        return verify(hasher, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", spy)
    checker = passwords()
    assert not checker.check(None, "correct horse").matches
    assert not checker.check(checker.hash("another one"), "correct horse").matches
    assert len(compared) == 2
    assert compared[0] == compared[1]


def test_a_hash_of_another_cost_is_replaced_once_the_password_is_known() -> None:
    old = passwords().hash("correct horse")
    assert passwords(DEARER).check(old, "wrong horse").replacement is None
    verdict = passwords(DEARER).check(old, "correct horse")
    assert verdict.matches
    assert verdict.replacement is not None
    assert verdict.replacement.startswith("$argon2id$v=19$m=2048,t=2,p=1$")
    assert passwords(DEARER).check(verdict.replacement, "correct horse").replacement is None


@pytest.mark.parametrize("stored", [None, passwords().hash("correct horse")], ids=["no account", "an account"])
def test_without_a_slot_nothing_is_computed(stored: str | None) -> None:
    slots = Slots(size=1, queue=0, wait=0)
    busy = Passwords(CHEAP, slots)
    with slots.slot():
        for attempt in (lambda: busy.hash("correct horse"), lambda: busy.check(stored, "correct horse")):
            with pytest.raises(Problem) as caught:
                attempt()
            assert caught.value.status == 503
