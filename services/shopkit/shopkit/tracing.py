"""Spans of a distributed trace: recorded and exported by OpenTelemetry if an endpoint is set, else nothing at all.

The trace context itself (W3C `traceparent`) is always passed on, see `traceparent`. Nothing here imports
OpenTelemetry: only `configure` does, when there is an endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self

from shopkit import context

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from shopkit.context import RequestContext
    from shopkit.settings import StatelessSettings

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool


class Span(Protocol):
    """A part of a trace; use it as a context manager. An exception that leaves the block marks it as failed."""

    def set(self, name: str, value: Value) -> None:
        """Set an attribute. Never personal data, secrets or parameters of statements."""

    def rename(self, name: str) -> None:
        """Set the name."""

    def fail(self, kind: str) -> None:
        """Mark it as failed, with the kind of error."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Tracer(Protocol):
    """Makes spans; `shopkit.tracing_export` has the one that exports them."""

    def span(self, name: str, kind: Kind, attributes: Mapping[str, Value] | None, parent: str | None) -> Span:
        """Return a new span; `parent` is a traceparent, None: the present span."""

    def traceparent(self) -> str | None:
        """Return the traceparent of the present span."""

    def serve(self, environ: Mapping[str, str], request: RequestContext) -> Span:
        """Return the span of a request that is served, and give the request its traceparent."""

    def cursor_factory(self) -> type[cursor]:
        """Return the kind of cursor that makes a span of each statement."""


class _NoSpan:
    """What there is when nothing is recorded."""

    def set(self, name: str, value: Value) -> None:
        """Do nothing."""

    def rename(self, name: str) -> None:
        """Do nothing."""

    def fail(self, kind: str) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""


_NO_SPAN = _NoSpan()
_tracer: Tracer | None = None


def tracer() -> Tracer | None:
    """Return what makes spans in this process; None: tracing is off."""
    return _tracer


def span(
    name: str, kind: Kind = "internal", attributes: Mapping[str, Value] | None = None, *, parent: str | None = None
) -> Span:
    """Return a span, to be used as a context manager; does nothing when tracing is off.

    Args:
        name: of low cardinality: no ids.
        kind: its role.
        attributes: never personal data, secrets or parameters of statements.
        parent: traceparent of the span it belongs to, as it came with a message; None: the present span.
    """
    if _tracer is None:
        return _NO_SPAN
    return _tracer.span(name, kind, attributes, parent)


def traceparent() -> str | None:
    """Return the `traceparent` to send along: of the present span, else of the request that is being served."""
    found = None if _tracer is None else _tracer.traceparent()
    if found is None:
        request = context.current.get()
        found = None if request is None else request.traceparent
    return found


def configure(settings: StatelessSettings, service: str, version: str) -> None:
    """Begin to record and to export, if an endpoint is set. Call it in the worker process: it starts a thread."""
    if settings.otlp_endpoint:
        from shopkit.tracing_export import ExportingTracer

        use(ExportingTracer.to_endpoint(settings, service, version))


def use(made: Tracer | None) -> None:
    """Make spans with this tracer from now on; None: none."""
    global _tracer  # noqa: PLW0603 - one per process, and reading it has to cost nothing
    _tracer = made
