"""Jobs beside the requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg2
import pytest
import structlog

from shopkit import context, lifecycle
from shopkit.background import Background, Job
from shopkit.metrics import Metrics
from shopkit.testing.waiting import wait_for


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def background(metrics: Metrics) -> Iterator[Background]:
    yield Background(metrics)
    lifecycle.reset()


def runs(metrics: Metrics, outcome: str) -> float:
    labels = {"job": "tick", "outcome": outcome}
    return metrics.registry.get_sample_value("background_run_duration_seconds_count", labels) or 0.0


def nothing() -> bool:
    return False


def end(threads: list[threading.Thread]) -> None:
    lifecycle.begin_drain()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)


def test_a_job_runs_again_and_again_in_its_own_thread(background: Background, metrics: Metrics) -> None:
    seen: list[str] = []
    enough = threading.Event()

    def tick() -> bool:
        seen.append(threading.current_thread().name)
        if len(seen) == 3:
            enough.set()
        return False

    background.every(0.001, "tick", tick)
    assert (seen, runs(metrics, "success")) == ([], 0)
    threads = background.start()
    assert enough.wait(30)
    end(threads)
    assert set(seen) == {"tick"}
    assert runs(metrics, "success") == len(seen)


def test_more_work_is_done_without_a_pause(background: Background) -> None:
    # With a pause after each it would take minutes.
    left, done = [1] * 500, threading.Event()

    def tick() -> bool:
        left.pop()
        if not left:
            done.set()
        return bool(left)

    background.every(0.5, "tick", tick)
    threads = background.start()
    assert done.wait(30)
    end(threads)


def test_a_job_that_waits_ends_at_once(background: Background, metrics: Metrics) -> None:
    background.every(3600, "tick", nothing)
    end(background.start())
    assert runs(metrics, "success") == 0


def test_a_run_that_is_under_way_is_finished_and_no_other_begins(background: Background, metrics: Metrics) -> None:
    begun, may_end, finished = threading.Event(), threading.Event(), []

    def tick() -> bool:
        begun.set()
        may_end.wait(30)
        finished.append(lifecycle.draining())
        return True

    background.every(0.001, "tick", tick)
    threads = background.start()
    assert begun.wait(30)
    assert not threads[0].daemon, "the interpreter waits for it"
    lifecycle.begin_drain()
    may_end.set()
    end(threads)
    assert (finished, runs(metrics, "success")) == ([True], 1)


def test_an_error_is_logged_and_counted_and_the_next_run_comes(background: Background, metrics: Metrics) -> None:
    calls: list[int] = []

    def tick() -> bool:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("the first fails")
        return False

    background.every(0.001, "tick", tick)
    with structlog.testing.capture_logs() as logs:
        threads = background.start()
        wait_for(lambda: runs(metrics, "success") >= 1, "a run after the failed one")
        end(threads)
    assert runs(metrics, "error") == 1
    (line,) = logs
    assert (line["event"], line["log_level"], line["job"]) == ("a background job failed", "error", "tick")
    assert str(line["exc_info"]) == "the first fails"


def test_what_the_database_says_about_rows_is_not_logged(background: Background) -> None:
    row = "Key (email)=(ann@example.org) already exists."

    def tick() -> bool:
        raise psycopg2.DataError(f"duplicate key\nDETAIL:  {row}")

    with structlog.testing.capture_logs() as logs:
        assert background.run(Job("tick", 1, tick)) is False
    (line,) = logs
    assert line["cause"] == "DataError: duplicate key"
    assert "ann@example.org" not in str(logs)


def test_each_run_has_a_request_id_of_its_own(background: Background) -> None:
    seen: list[str] = []

    def tick() -> bool:
        current = context.current.get()
        assert current is not None
        assert current.remaining() is None
        seen.append(current.request_id)
        return True

    job = Job("tick", 1, tick)
    assert (background.run(job), background.run(job)) == (True, True)
    assert len(set(seen)) == 2
    assert context.current.get() is None


def test_a_component_starts_with_the_process_and_stops_when_it_takes_leave(background: Background) -> None:
    seen: list[str] = []
    background.component("line", lambda: seen.append("start"), lambda: seen.append("stop"))
    assert seen == []
    [thread] = background.start()
    assert (seen, thread.daemon) == (["start"], False)
    end([thread])
    assert seen == ["start", "stop"]


def test_a_component_that_does_not_stop_well_is_logged(background: Background) -> None:
    def fail() -> None:
        raise RuntimeError("stuck")

    background.component("line", lambda: None, fail)
    with structlog.testing.capture_logs() as logs:
        end(background.start())
    (line,) = logs
    assert (line["event"], line["component"]) == ("a component did not stop", "line")
