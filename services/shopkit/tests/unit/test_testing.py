"""The helpers for tests, where they are more than plumbing."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopkit.testing.postgres import find_binaries, with_database
from shopkit.testing.waiting import wait_for


def test_the_newest_postgresql_is_taken(tmp_path: Path) -> None:
    for version in ("9", "17", "15"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "pg_ctl").touch()
    assert find_binaries(tmp_path) == tmp_path / "17" / "bin"


def test_without_postgresql_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError, match="`make test-integration`, which installs it, or set TEST_DATABASE_URL"):
        find_binaries(tmp_path)


def test_a_url_gets_another_database_and_user() -> None:
    url = "postgresql://admin:pw@host:1/postgres?sslmode=disable"
    assert with_database(url, "x") == "postgresql://admin:pw@host:1/x?sslmode=disable"
    assert with_database(url, "x", "u") == "postgresql://u:u@host:1/x?sslmode=disable"


def test_waiting_ends_with_what_was_waited_for() -> None:
    answers = iter([None, 0, "", "found"])
    assert wait_for(lambda: next(answers), "it") == "found"
    with pytest.raises(TimeoutError, match=r"it: not within 0\.0 s"):
        wait_for(lambda: None, "it", seconds=0.0)
