"""Calls to another service, against a real HTTP server on the loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from shopkit import context
from shopkit.context import RequestContext, new_traceparent
from shopkit.metrics import Metrics
from shopkit.testing.upstream import Answer, FakeUpstream, Received
from shopkit.upstream import Limits, Upstream, UpstreamError


@pytest.fixture(scope="module")
def running() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture
def other(running: FakeUpstream) -> FakeUpstream:
    running.reset()
    return running


class Caller:
    """An Upstream whose pauses are written down instead of waited for."""

    def __init__(self, url: str, limits: Limits | None = None, token: str | None = None) -> None:
        self.pauses: list[float] = []
        self.metrics = Metrics()
        self.to = Upstream("other", url, self.metrics, token=token, limits=limits, sleep=self.pauses.append)

    def count(self, status: str, method: str = "GET") -> float:
        labels = {"target": "other", "method": method, "status": status}
        return self.metrics.registry.get_sample_value("http_client_request_duration_seconds_count", labels) or 0.0


@contextmanager
def serving(deadline_in: float | None = None) -> Iterator[RequestContext]:
    deadline = None if deadline_in is None else time.monotonic() + deadline_in
    request = RequestContext("req-1", new_traceparent(), time.monotonic(), deadline)
    token = context.current.set(request)
    try:
        yield request
    finally:
        context.current.reset(token)


def test_an_answer_below_500_is_the_callers_to_judge(other: FakeUpstream) -> None:
    caller = Caller(other.url + "/")
    other.answer("GET", "/a", 200, {"x": 1})
    other.answer("GET", "/b", 409, {"title": "no"})
    other.answer("DELETE", "/a", 204)
    assert (caller.to.get("/a").status, caller.to.get("/a").body) == (200, {"x": 1})
    assert (caller.to.get("/b").status, caller.to.get("/b").body) == (409, {"title": "no"})
    assert (caller.to.call("DELETE", "/a").status, caller.to.call("DELETE", "/a").body) == (204, None)
    assert (caller.count("200"), caller.count("409"), caller.count("204", "DELETE")) == (2, 2, 2)


def test_ids_token_and_time_left_are_passed_on(other: FakeUpstream) -> None:
    caller = Caller(other.url, token="shared")
    other.answer("POST", "/a", 200)
    with serving(deadline_in=1.0) as request:
        caller.to.post("/a", {"x": 1})
    sent = other.received[0]
    assert sent.body == {"x": 1}
    assert sent.headers["Authorization"] == "Bearer shared"
    assert sent.headers["X-Request-Id"] == "req-1"
    assert sent.headers["Traceparent"] == request.traceparent
    assert 0 < int(sent.headers["X-Envoy-Expected-Rq-Timeout-Ms"]) <= 1000


def test_without_a_deadline_the_own_limit_is_passed_on(other: FakeUpstream) -> None:
    other.answer("GET", "/a", 200)
    Caller(other.url, Limits(read_seconds=2.5)).to.get("/a")
    assert other.received[0].headers["X-Envoy-Expected-Rq-Timeout-Ms"] == "2500"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_idempotent_call_is_tried_again(other: FakeUpstream, status: int) -> None:
    caller = Caller(other.url)
    other.respond("GET", "/a", lambda _: (status, None) if len(other.received) < 3 else (200, {"x": 1}))
    assert caller.to.get("/a").body == {"x": 1}
    assert len(other.received) == 3
    assert 0.025 <= caller.pauses[0] <= 0.075
    assert 0.05 <= caller.pauses[1] <= 0.15


def test_it_is_given_up_after_three_attempts(other: FakeUpstream) -> None:
    caller = Caller(other.url)
    other.answer("POST", "/a", 503)
    with pytest.raises(UpstreamError) as caught:
        caller.to.post("/a", {}, idempotent=True)
    assert (caught.value.status, caught.value.detail, caught.value.maybe_done) == (503, "other answered 503.", True)
    assert len(other.received) == 3


def test_a_504_that_the_service_itself_gives_is_passed_on_and_not_tried_again(other: FakeUpstream) -> None:
    caller = Caller(other.url)
    problem = {"type": "https://shopkeeper.dev/problems/provider-timeout", "title": "No answer", "status": 504}
    other.answer("POST", "/a", 504, problem)
    with pytest.raises(UpstreamError) as caught:
        caller.to.post("/a", {}, idempotent=True)
    assert (caught.value.status, caught.value.slug, caught.value.maybe_done) == (504, "upstream-timeout", True)
    assert caught.value.detail == "other had no answer in time."
    assert (len(other.received), caller.pauses, caller.count("504", "POST")) == (1, [], 1)


@pytest.mark.parametrize("body", ["upstream request timeout", {"type": "about:blank"}, []])
def test_a_504_of_something_in_between_is_tried_again(other: FakeUpstream, body: object) -> None:
    caller = Caller(other.url)
    other.answer("GET", "/a", 504, body)
    with pytest.raises(UpstreamError) as caught:
        caller.to.get("/a")
    assert (caught.value.status, caught.value.detail, len(other.received)) == (503, "other answered 504.", 3)


@pytest.mark.parametrize(("method", "status"), [("POST", 503), ("GET", 500), ("GET", 501)])
def test_what_may_have_been_done_or_will_not_mend_is_not_tried_again(
    other: FakeUpstream, method: str, status: int
) -> None:
    caller = Caller(other.url)
    other.answer(method, "/a", status)
    with pytest.raises(UpstreamError) as caught:
        caller.to.call(method, "/a")
    assert (caught.value.status, caught.value.maybe_done, len(other.received)) == (503, True, 1)


def test_a_broken_connection_may_have_been_done(other: FakeUpstream) -> None:
    def break_off(_request: Received) -> Answer:
        raise ConnectionError

    caller = Caller(other.url)
    other.respond("POST", "/a", break_off)
    with pytest.raises(UpstreamError) as caught:
        caller.to.post("/a", {})
    assert (caught.value.status, caught.value.maybe_done, len(other.received)) == (503, True, 1)
    assert caller.count("error", "POST") == 1


def test_a_refused_connection_is_tried_again_even_for_a_post() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        caller = Caller(f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(UpstreamError) as caught:
            caller.to.post("/a", {})
    assert (caught.value.status, caught.value.detail) == (503, "other cannot be reached.")
    assert caught.value.maybe_done is False
    assert len(caller.pauses) == 2


def test_no_answer_in_time_is_a_504_and_not_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        caller = Caller(f"http://127.0.0.1:{silent.getsockname()[1]}", Limits(read_seconds=0.02))
        with pytest.raises(UpstreamError) as caught:
            caller.to.get("/a")
    assert (caught.value.status, caught.value.maybe_done, caller.pauses) == (504, True, [])
    assert caller.count("timeout") == 1


def test_the_deadline_of_the_request_cuts_the_call_short() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, serving(deadline_in=0.02):
        caller = Caller(f"http://127.0.0.1:{silent.getsockname()[1]}", Limits(read_seconds=60))
        with pytest.raises(UpstreamError) as caught:
            caller.to.get("/a")
    assert caught.value.status == 504


def test_after_the_deadline_nothing_is_sent(other: FakeUpstream) -> None:
    other.answer("GET", "/a", 200)
    with serving(deadline_in=-1.0), pytest.raises(UpstreamError) as caught:
        Caller(other.url).to.get("/a")
    assert (caught.value.status, caught.value.maybe_done, other.received) == (504, False, [])


def test_no_attempt_is_made_that_the_deadline_would_cut(other: FakeUpstream) -> None:
    caller = Caller(other.url, Limits(backoff_seconds=10))
    other.answer("GET", "/a", 503)
    with serving(deadline_in=2.0), pytest.raises(UpstreamError) as caught:
        caller.to.get("/a")
    assert (caught.value.status, len(other.received), caller.pauses) == (503, 1, [])


def test_a_call_may_have_headers_of_its_own(other: FakeUpstream) -> None:
    caller = Caller(other.url, token="fixed")
    other.answer("PATCH", "/me", 200, {})
    caller.to.call("PATCH", "/me", {"name": "Ann"}, headers={"Authorization": "Bearer ann", "Idempotency-Key": "k"})
    sent = other.received[0].headers
    assert (sent["Authorization"], sent["Idempotency-Key"]) == ("Bearer ann", "k")
    caller.to.call("PATCH", "/me", {})
    assert other.received[1].headers["Authorization"] == "Bearer fixed"
