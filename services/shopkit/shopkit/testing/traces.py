"""A receiver of traces for tests: OTLP/HTTP on the loopback, which decodes what services export."""

from __future__ import annotations

import gzip
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class ReceivedSpan:
    """One span that arrived; ids in hex, `parent` is empty at the root, `kind` is such as ``client``."""

    namespace: str
    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent: str
    attributes: dict[str, Any]
    failed: bool


class TraceReceiver:
    """Use it as a context manager; `url` is what OTEL_EXPORTER_OTLP_ENDPOINT names.

    Attributes:
        spans: everything that arrived.
    """

    def __init__(self) -> None:
        self.spans: list[ReceivedSpan] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    raw = gzip.decompress(raw)
                known = self.path == "/v1/traces"
                if known:
                    outer.spans += _decode(raw)
                self.send_response(200 if known else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def trace(self, trace_id: str) -> list[ReceivedSpan]:
        """Return the spans of one trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _decode(raw: bytes) -> list[ReceivedSpan]:
    found = []
    for resource_spans in ExportTraceServiceRequest.FromString(raw).resource_spans:
        resource = _plain(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                kind = span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower()
                found.append(
                    ReceivedSpan(
                        namespace=resource["service.namespace"],
                        service=resource["service.name"],
                        name=span.name,
                        kind=kind,
                        trace_id=span.trace_id.hex(),
                        span_id=span.span_id.hex(),
                        parent=span.parent_span_id.hex(),
                        attributes=_plain(span.attributes),
                        failed=span.status.code == span.status.STATUS_CODE_ERROR,
                    )
                )
    return found


def _plain(attributes: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in attributes}
