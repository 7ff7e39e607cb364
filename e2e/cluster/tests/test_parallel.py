"""Things done at the same time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster import parallel, shell
from e2e.cluster.shell import Problem


@pytest.fixture(autouse=True)
def going_on() -> Iterator[None]:
    yield
    shell._stopping.clear()


def test_all_is_done_and_the_main_result_is_given() -> None:
    done: list[str] = []
    assert parallel.beside(lambda: 7, lambda: done.append("a"), lambda: done.append("b")) == 7
    assert sorted(done) == ["a", "b"]


def fail() -> None:
    raise Problem("no mirror answers")


def test_a_failure_stops_the_long_programs_of_the_others(tmp_path: Path) -> None:
    def long() -> None:
        shell.follow(["sleep", "300"], lambda _: None, log=tmp_path / "log")

    with pytest.raises(Problem, match="no mirror answers"):
        parallel.beside(long, fail)


def test_after_a_failure_nothing_more_is_started(tmp_path: Path) -> None:
    shell.stop_followed()
    with pytest.raises(Problem, match="was not started, because something else failed"):
        shell.follow(["true"], lambda _: None, log=tmp_path / "log")
