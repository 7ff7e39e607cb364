"""Traces of real processes, as a receiver gets them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from shopkit.testing.process import ServerProcess
from shopkit.testing.tokens import Tokens
from shopkit.testing.traces import ReceivedSpan, TraceReceiver
from shopkit.testing.waiting import wait_for

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
RELAY = "/internal/v1/relay"


@pytest.fixture
def receiver() -> Iterator[TraceReceiver]:
    with TraceReceiver() as running:
        yield running


@pytest.fixture
def traced(environ: dict[str, str], receiver: TraceReceiver) -> dict[str, str]:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "SHUTDOWN_DRAIN_SECONDS": "0"}
    return {**environ, **variables}


@pytest.fixture(params=["granian", "gunicorn"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def post(server: ServerProcess, path: str, headers: dict[str, str]) -> int:
    return urllib3.PoolManager(retries=False, timeout=10.0).request("POST", server.url + path, headers=headers).status


def end(server: ServerProcess) -> None:
    server.stop()
    assert server.process.wait(timeout=30) == 0


def shown(span: ReceivedSpan) -> tuple[str, str, str]:
    return (span.namespace, span.kind, span.name)


def test_one_trace_leads_through_two_services_to_the_database(
    traced: dict[str, str], receiver: TraceReceiver, tokens: Tokens, kind: str, tmp_path: Path
) -> None:
    variables = {**traced, "SERVER": kind}
    with (
        ServerProcess("demo", {**variables, "SHOP": "far"}, tmp_path / "far") as far,
        ServerProcess("demo", {**variables, "SHOP": "near", "USERS_URL": far.url}, tmp_path / "near") as near,
    ):
        assert post(near, RELAY, {**tokens.internal(), "Traceparent": f"00-{TRACE}-{CALLER}-01"}) == 200
        # What is not exported yet is when the process ends.
        end(near)
        end(far)
    spans = receiver.trace(TRACE)
    order = list(_chain(spans))
    assert [shown(span) for span in order] == [
        ("near", "server", f"POST {RELAY}"),
        ("near", "client", "GET other"),
        ("far", "server", "GET /api/v1/other"),
        ("far", "client", "SELECT"),
    ]
    assert len(spans) == 4
    statement = order[-1].attributes
    assert statement["db.query.text"] == "SELECT pg_sleep(%s)"
    assert "0.001" not in str(statement), "parameters are not recorded"
    assert order[0].attributes["http.route"] == RELAY
    assert [span.attributes.get("http.response.status_code") for span in order] == [200, 200, 200, None]


def _chain(spans: list[ReceivedSpan]) -> Iterator[ReceivedSpan]:
    """Walk from the span of the outside caller down to the leaf."""
    parent = CALLER
    while found := [span for span in spans if span.parent == parent]:
        [span] = found
        parent = span.span_id
        yield span


def test_a_failure_is_marked_and_probes_are_no_traces(
    traced: dict[str, str], receiver: TraceReceiver, tmp_path: Path
) -> None:
    with ServerProcess("demo", traced, tmp_path / "log") as server:
        assert server.get("/api/v1/boom").status == 500
        assert server.get("/livez").status == 200
        end(server)
    [span] = receiver.spans
    assert (span.name, span.parent, span.failed) == ("GET /api/v1/boom", "", True)
    assert span.attributes["error.type"] == "500"
    assert "nobody's business" not in str(span)
    assert f'"trace_id":"{span.trace_id}"' in server.output(), "the lines of the request name the trace"


def test_what_a_caller_does_not_record_is_not_recorded(
    traced: dict[str, str], receiver: TraceReceiver, tokens: Tokens, tmp_path: Path
) -> None:
    with ServerProcess("demo", traced, tmp_path / "log") as server:
        assert post(server, RELAY, {**tokens.internal(), "Traceparent": f"00-{TRACE}-{CALLER}-00"}) == 503
        end(server)
    assert receiver.spans == []


def test_a_receiver_that_is_away_holds_nothing_up(environ: dict[str, str], tmp_path: Path) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "SHUTDOWN_DRAIN_SECONDS": "0"}
    with ServerProcess("demo", {**environ, **variables}, tmp_path / "log") as server:
        assert server.get("/api/v1/notes").status == 200
        end(server)


def test_spans_arrive_while_the_service_runs(traced: dict[str, str], receiver: TraceReceiver, tmp_path: Path) -> None:
    with ServerProcess("demo", {**traced, "OTEL_BSP_SCHEDULE_DELAY": "50"}, tmp_path / "log") as server:
        threads = [threading.Thread(target=server.get, args=("/api/v1/notes",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        wait_for(lambda: len(receiver.spans) == 16, "the spans of eight requests and their statements")
    traces = {span.trace_id for span in receiver.spans}
    assert len(traces) == 8
    assert all(len(receiver.trace(trace)) == 2 for trace in traces)
