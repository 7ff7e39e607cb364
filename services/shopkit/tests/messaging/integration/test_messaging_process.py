"""Relay and consumer in a real server process."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shopkit import context
from shopkit.testing.process import ServerProcess
from shopkit.testing.rabbitmq import Broker
from shopkit.testing.traces import TraceReceiver
from shopkit.testing.waiting import wait_for

Effects = Callable[[], dict[str, int]]


def events_in(log: str) -> list[dict[str, Any]]:
    """The lines of a log that tell of an event that was handled."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "event"]


def test_events_flow_while_the_process_serves_and_it_ends_well(
    messenger: Any, broker: Broker, environ: dict[str, str], effects: Effects, tmp_path: Path
) -> None:
    cause = context.from_environ({})
    with ServerProcess("messenger", environ, tmp_path / "log") as server:
        token = context.current.set(cause)
        messenger.keep("one")
        context.current.reset(token)
        wait_for(lambda: effects() == {"one": 1}, "the event to take effect")
        server.stop()
        wait_for(lambda: server.process.poll() is not None, "the process to end")
    assert server.process.returncode == 0
    [line] = events_in(server.output())
    assert (line["outcome"], line["trace_id"]) == ("handled", cause.trace_id)
    assert "one" not in line.values()


def test_a_process_that_is_killed_leaves_nothing_undone_and_does_nothing_twice(
    messenger: Any, broker: Broker, environ: dict[str, str], effects: Effects, tmp_path: Path
) -> None:
    texts = [f"note {n}" for n in range(400)]
    for text in texts:
        messenger.keep(text)
    with ServerProcess("messenger", environ, tmp_path / "first") as server:
        wait_for(effects, "the first effect")
        os.killpg(server.process.pid, signal.SIGKILL)
    assert len(effects()) < 400
    with ServerProcess("messenger", environ, tmp_path / "second"):
        wait_for(lambda: len(effects()) == 400, "the last effect")
        wait_for(lambda: messenger.database.fetch_all("SELECT id FROM outbox") == [], "an empty outbox")
        wait_for(lambda: broker.count("events") == 0, "an empty queue")
    assert effects() == dict.fromkeys(texts, 1)
    assert broker.count("dead") == 0


def test_one_trace_leads_over_the_broker(
    messenger: Any, broker: Broker, environ: dict[str, str], effects: Effects, tmp_path: Path
) -> None:
    cause = context.from_environ({})
    sampled = cause.traceparent[:-2] + "01"
    with TraceReceiver() as receiver:
        exporting = {**environ, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        with ServerProcess("messenger", exporting, tmp_path / "log") as server:
            cause.traceparent = sampled
            token = context.current.set(cause)
            messenger.keep("one")
            context.current.reset(token)
            wait_for(lambda: effects() == {"one": 1}, "the event to take effect")
            server.stop()
            wait_for(lambda: server.process.poll() is not None, "the process to end")
        spans = receiver.trace(cause.trace_id)
    [published] = [span for span in spans if span.name == "publish note.kept"]
    [processed] = [span for span in spans if span.name == "process note.kept"]
    assert (published.kind, processed.kind) == ("producer", "consumer")
    assert published.parent == cause.traceparent[36:52]
    assert processed.parent == published.span_id
    assert any(span.parent == processed.span_id and span.name.startswith("INSERT") for span in spans)
