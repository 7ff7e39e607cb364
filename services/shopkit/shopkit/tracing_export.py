"""The tracer that exports: OpenTelemetry, in batches over OTLP/HTTP. Imported only when an endpoint is set."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from opentelemetry import trace
from opentelemetry.context import attach, detach
from opentelemetry.context.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags
from psycopg2.extensions import cursor

from shopkit import context
from shopkit.context import RequestContext, is_traceparent
from shopkit.settings import StatelessSettings
from shopkit.tracing import Kind, Value

_KINDS: Mapping[Kind, SpanKind] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_FLUSH_SECONDS = 3.0
_MOST_OF_A_STATEMENT = 2000


class _RecordedSpan:
    """A span of OpenTelemetry that is the present one inside its block."""

    def __init__(self, made: trace.Span) -> None:
        self._span = made

    def set(self, name: str, value: Value) -> None:
        """Set an attribute."""
        self._span.set_attribute(name, value)

    def rename(self, name: str) -> None:
        """Set the name."""
        self._span.update_name(name)

    def fail(self, kind: str) -> None:
        """Mark it as failed."""
        self._span.set_status(StatusCode.ERROR)
        self._span.set_attribute("error.type", kind)

    def __enter__(self) -> Self:
        self._token = attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        # Not the text of the error: it may quote what nobody may read in a trace.
        if kind is not None:
            self.fail(kind.__qualname__)
        detach(self._token)
        self._span.end()


class ExportingTracer:
    """Makes spans of OpenTelemetry.

    Args:
        processor: gets the spans that have ended.
        resource: what tells this process from others.
        ratio: share of the traces that begin here that are recorded.
    """

    def __init__(self, processor: SpanProcessor, resource: Mapping[str, str], ratio: float = 1.0) -> None:
        provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(ratio)), resource=Resource.create(resource), shutdown_on_exit=False
        )
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("shopkit")

    @classmethod
    def to_endpoint(cls, settings: StatelessSettings, service: str, version: str) -> Self:
        """Return one that exports as the settings say, until the process ends."""
        exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces", timeout=_FLUSH_SECONDS)
        processor = BatchSpanProcessor(exporter)
        resource = {
            "service.name": service,
            "service.namespace": settings.shop,
            "service.version": version,
            "service.instance.id": socket.gethostname(),
        }

        def flush() -> None:
            # The server has ended by then; a process that is forked by multiprocessing runs no atexit functions.
            threading.main_thread().join()
            processor.force_flush(round(_FLUSH_SECONDS * 1000))
            exporter.shutdown()  # type: ignore[no-untyped-call] # the library's is not annotated

        threading.Thread(target=flush, name="flush-traces").start()
        return cls(processor, resource, settings.trace_ratio)

    def span(self, name: str, kind: Kind, attributes: Mapping[str, Value] | None, parent: str | None) -> _RecordedSpan:
        """Return a new span."""
        if parent is None and self.traceparent() is None:
            # Such as that of an event, whose handler runs outside of any span.
            request = context.current.get()
            parent = None if request is None else request.traceparent
        within = None if parent is None else _remote(parent)
        return _RecordedSpan(self._tracer.start_span(name, within, _KINDS[kind], attributes))

    def traceparent(self) -> str | None:
        """Return the traceparent of the present span."""
        found = trace.get_current_span().get_span_context()
        return _format(found) if found.is_valid else None

    def serve(self, environ: Mapping[str, str], request: RequestContext) -> _RecordedSpan:
        """Return the span of a request that is served, and give the request its traceparent."""
        # Not the context of the thread: what begins here must not belong to what the thread did before.
        sent = environ.get("HTTP_TRACEPARENT", "")
        within = _remote(sent) if is_traceparent(sent) else Context()
        method = environ.get("REQUEST_METHOD", "")
        made = self._tracer.start_span(method, within, SpanKind.SERVER, {"http.request.method": method})
        request.traceparent = _format(made.get_span_context())
        return _RecordedSpan(made)

    def cursor_factory(self) -> type[cursor]:
        """Return the kind of cursor that makes a span of each statement."""
        tracer = self._tracer

        class TracedCursor(cursor):
            """Makes a span of each statement that belongs to a trace."""

            def execute(self, query: Any, params: Any = None) -> None:
                # What only looks whether there is work, every second, is no trace of its own.
                if not trace.get_current_span().get_span_context().is_valid:
                    super().execute(query, params)
                    return
                text = query if isinstance(query, str) else ""
                operation = text.split(maxsplit=1)[0].upper() if text.strip() else "SQL"
                # Statements are constants with placeholders; the parameters are not recorded.
                attributes = {
                    "db.system.name": "postgresql",
                    "db.operation.name": operation,
                    "db.query.text": text[:_MOST_OF_A_STATEMENT],
                }
                with _RecordedSpan(tracer.start_span(operation, None, SpanKind.CLIENT, attributes)):
                    super().execute(query, params)

        return TracedCursor


def _format(found: SpanContext) -> str:
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"


def _remote(traceparent: str) -> Context:
    """Return the context of a span elsewhere."""
    _, trace_id, span_id, flags = traceparent.split("-")
    found = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return trace.set_span_in_context(NonRecordingSpan(found), Context())
