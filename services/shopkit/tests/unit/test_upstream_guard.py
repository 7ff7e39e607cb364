"""What guards the calls to another service, against a real HTTP server on the loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import structlog

from shopkit import context
from shopkit.context import RequestContext, new_traceparent
from shopkit.metrics import Metrics
from shopkit.resilience import Protection
from shopkit.testing.upstream import Answer, FakeUpstream, Received
from shopkit.upstream import Limits, Upstream, UpstreamError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Caller:
    """An Upstream that tries once, with a clock that the test moves."""

    def __init__(self, url: str, *, attempts: int = 1, read_seconds: float = 3.0, concurrency: int = 8) -> None:
        self.clock = Clock()
        self.metrics = Metrics()
        self.to = Upstream(
            "other",
            url,
            self.metrics,
            limits=Limits(attempts=attempts, read_seconds=read_seconds),
            protection=Protection(concurrency=concurrency),
            sleep=lambda _seconds: None,
            clock=self.clock,
        )

    def fails(self, times: int, method: str = "GET") -> UpstreamError:
        for _ in range(times):
            with pytest.raises(UpstreamError) as caught:
                self.to.call(method, "/a")
        return caught.value

    def shown(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, {"target": "other", **labels}) or 0.0

    def state(self) -> float:
        return self.shown("circuit_breaker_state")


@pytest.fixture
def other() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        yield fake


def test_the_breaker_opens_tries_and_closes(other: FakeUpstream) -> None:
    caller = Caller(other.url)
    other.answer("GET", "/a", 500)
    with structlog.testing.capture_logs() as logs:
        assert caller.fails(4).detail == "other answered 500."
        assert caller.state() == 0
        caller.fails(1)
        assert (caller.state(), len(other.received)) == (2, 5)

        caller.clock.now += 18.5
        refused = caller.fails(1)
        assert (refused.status, refused.slug, refused.maybe_done) == (503, "upstream-unavailable", False)
        assert refused.detail == "other failed too often; it is asked again in 42 s."
        assert refused.headers == {"Retry-After": "42"}
        assert len(other.received) == 5, "an open breaker asks nothing"

        caller.clock.now += 41.5
        assert caller.fails(1).detail == "other answered 500.", "one call tries it"
        assert (caller.state(), len(other.received)) == (2, 6)

        other.answer("GET", "/a", 200, {"x": 1})
        caller.clock.now += 60
        assert caller.to.get("/a").body == {"x": 1}
        assert caller.state() == 0
    changes = [(line["target"], line["before"], line["state"]) for line in logs]
    assert changes == [
        ("other", "closed", "open"),
        ("other", "open", "half-open"),
        ("other", "half-open", "open"),
        ("other", "open", "half-open"),
        ("other", "half-open", "closed"),
    ]
    assert {line["event"] for line in logs} == {"a circuit breaker changed"}
    counted = {state: caller.shown("circuit_breaker_changes_total", state=state) for state in ("open", "closed")}
    assert counted == {"open": 2, "closed": 1}
    assert caller.shown("http_client_refusals_total", reason="breaker") == 1


def test_what_the_caller_did_wrong_is_no_failure(other: FakeUpstream) -> None:
    caller = Caller(other.url)
    for status in (400, 404, 409, 422, 429):
        other.answer("GET", "/a", status)
        for _ in range(5):
            caller.to.get("/a")
    assert (caller.state(), len(other.received)) == (0, 25)


def test_connections_that_are_refused_are_failures() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        caller = Caller(f"http://127.0.0.1:{unused.getsockname()[1]}")
        caller.fails(5)
    assert caller.state() == 2


def test_silence_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        caller = Caller(f"http://127.0.0.1:{silent.getsockname()[1]}", read_seconds=0.01)
        caller.fails(5)
    assert caller.state() == 2


def test_silence_that_the_caller_cut_short_is_not() -> None:
    request = RequestContext("r", new_traceparent(), time.monotonic(), None)
    token = context.current.set(request)
    try:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            caller = Caller(f"http://127.0.0.1:{silent.getsockname()[1]}")
            for _ in range(5):
                request.deadline = time.monotonic() + 0.01
                caller.fails(1)
    finally:
        context.current.reset(token)
    assert caller.state() == 0


def test_a_service_that_says_that_what_it_needs_is_slow_has_not_failed(other: FakeUpstream) -> None:
    caller = Caller(other.url)
    other.answer("GET", "/a", 504, {"type": "https://shopkeeper.dev/problems/provider-timeout", "status": 504})
    caller.fails(9)
    assert (caller.state(), len(other.received)) == (0, 9)


def test_each_attempt_counts_and_no_other_follows_when_it_opens(other: FakeUpstream) -> None:
    caller = Caller(other.url, attempts=3)
    other.answer("POST", "/a", 503)
    for expected in (3, 5):
        with pytest.raises(UpstreamError) as caught:
            caller.to.post("/a", {}, idempotent=True)
        assert len(other.received) == expected
    assert caught.value.maybe_done is True, "an earlier attempt may have taken effect, though the last was refused"
    assert caught.value.headers == {"Retry-After": "60"}


def test_an_attempt_that_cannot_connect_does_not_undo_the_one_before(other: FakeUpstream) -> None:
    # The first attempt arrives; the second finds nobody listening.
    with socket.create_server(("127.0.0.1", 0)) as once:
        caller = Caller(f"http://127.0.0.1:{once.getsockname()[1]}", attempts=2)

        def break_off() -> None:
            opened, _ = once.accept()
            once.close()
            opened.recv(10_000)
            opened.close()

        thread = threading.Thread(target=break_off)
        thread.start()
        with pytest.raises(UpstreamError) as caught:
            caller.to.post("/a", {}, idempotent=True)
        thread.join(30)
    assert (caught.value.detail, caught.value.maybe_done) == ("other cannot be reached.", True)


def test_repetitions_are_a_small_part_of_all_calls(other: FakeUpstream) -> None:
    caller = Caller(other.url, attempts=3)
    # Every other request fails, so the breaker stays closed, and each call needs a repetition.
    other.respond("GET", "/a", lambda _: (503 if len(other.received) % 2 else 200, None))
    failed = 0
    for _ in range(100):
        try:
            caller.to.get("/a")
        except UpstreamError:
            failed += 1
    repeated = len(other.received) - 100
    assert 10 <= repeated <= 31
    assert caller.shown("http_client_refusals_total", reason="retry-budget") == failed > 0


def test_a_service_that_hangs_does_not_hold_all_threads(other: FakeUpstream) -> None:
    caller = Caller(other.url, concurrency=2, read_seconds=30)
    leave = threading.Event()
    hanging = threading.Semaphore(0)

    def hang(_request: Received) -> Answer:
        hanging.release()
        leave.wait(30)
        return 200, None

    other.respond("GET", "/a", hang)
    threads = [threading.Thread(target=caller.to.get, args=("/a",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert all(hanging.acquire(timeout=30) for _ in threads)
    refused = caller.fails(1)
    leave.set()
    for thread in threads:
        thread.join(30)
    assert (refused.status, refused.detail) == (503, "Too many calls to other are under way.")
    assert (refused.maybe_done, refused.headers) == (False, {"Retry-After": "1"})
    assert caller.shown("http_client_refusals_total", reason="bulkhead") == 1
    assert caller.state() == 0


def test_a_connection_is_replaced_when_it_is_old(other: FakeUpstream) -> None:
    caller = Caller(other.url)
    other.answer("GET", "/a", 200)
    for seconds in (0, 53, 7, 53):
        caller.clock.now += seconds
        caller.to.get("/a")
    first, second, third, fourth = (request.port for request in other.received)
    assert first == second != third == fourth


@pytest.mark.parametrize("status", [400, 404, 409])
def test_an_error_that_is_no_problem_document_is_not_the_services(status: int) -> None:
    """As of a router that answers for an address which no pod has any more; its connections are not kept."""
    answer = f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as router, ExitStack() as kept:
        router.settimeout(10)

        def serve() -> None:
            for _ in range(3):
                opened = kept.enter_context(router.accept()[0])
                opened.recv(10_000)
                opened.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        caller = Caller(f"http://127.0.0.1:{router.getsockname()[1]}", attempts=3)
        failed = caller.fails(1)
        thread.join(30)
    assert (failed.status, failed.maybe_done) == (503, True)
    assert failed.detail == f"Something else than other answered {status}."
