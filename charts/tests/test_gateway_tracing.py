"""Traces: every service gets a context, spans go to a receiver where there is one, as OTLP over HTTP."""

import re
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from charts.tests.envoy import Gateway, running_gateway, until
from charts.tests.helm import Helm, Object
from charts.tests.stubs import Stub
from charts.tests.tokens import bearer

RECEIVER = "collector.observability"
VALUES: Object = {"global": {"tracing": {"endpoint": f"http://{RECEIVER}:4318"}}}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


def context_of(gateway: Gateway, headers: dict[str, str] | None = None) -> tuple[str, str, str]:
    """Return trace id, span id and flags that a service gets."""
    seen = gateway.call("GET", "/products", headers=headers).json["headers"]["traceparent"]
    found = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", seen)
    assert found, seen
    trace, span, flags = found.groups()
    return trace, span, flags


def fill(gateway: Gateway) -> None:
    """Make some spans more: Envoy sends them by fives, or after five seconds."""
    for _ in range(4):
        gateway.call("GET", "/products")


def spans(receiver: Stub) -> list[Span]:
    """Return what a receiver got."""
    requests = [ExportTraceServiceRequest.FromString(body) for body in list(receiver.bodies)]
    resources = [resource for request in requests for resource in request.resource_spans]
    return [span for resource in resources for scope in resource.scope_spans for span in scope.spans]


def test_without_a_receiver_the_context_is_passed_on(helm: Helm, tmp_path: Path) -> None:
    with running_gateway(helm, {}, tmp_path) as gateway:
        trace, _, flags = context_of(gateway)
        assert flags == "00"
        assert context_of(gateway)[0] != trace
        ours = context_of(gateway, {"Traceparent": f"00-{TRACE}-{PARENT}-01", "Tracestate": "vendor=1"})
        assert (ours[0], ours[2]) == (TRACE, "00")


def test_spans_are_sent(helm: Helm, tmp_path: Path) -> None:
    receiver = Stub(RECEIVER)
    with running_gateway(helm, VALUES, tmp_path, stubs=(receiver,)) as gateway:
        token = gateway.signer.token()
        answer = gateway.call("POST", "/orders?card=secret", b"{}", bearer(token))
        parent = answer.json["headers"]["traceparent"].split("-")
        fill(gateway)
        until(lambda: bool(spans(receiver)), "a span has come")
        assert receiver.asked[0] == "POST /v1/traces"
        span = spans(receiver)[0]
        assert (span.trace_id.hex(), span.span_id.hex(), parent[3]) == (parent[1], parent[2], "01")
        attributes = {one.key: one.value.string_value for one in span.attributes}
        assert attributes["http.method"] == "POST"
        assert attributes["http.url"] == "http://shop.example.com/orders"
        assert attributes["http.status_code"] == "200"
        assert gateway.log_of(answer.headers["x-request-id"])["trace_id"] == parent[1]
        # Neither tokens nor queries are for those who read traces.
        assert token not in str(span)
        assert "secret" not in str(span)


def test_a_trace_of_the_client_goes_on(helm: Helm, tmp_path: Path) -> None:
    receiver = Stub(RECEIVER)
    with running_gateway(helm, VALUES, tmp_path, stubs=(receiver,)) as gateway:
        trace, span_id, _ = context_of(gateway, {"Traceparent": f"00-{TRACE}-{PARENT}-01"})
        fill(gateway)
        until(lambda: bool(spans(receiver)), "a span has come")
        span = spans(receiver)[0]
        assert trace == span.trace_id.hex() == TRACE
        assert span.parent_span_id.hex() == PARENT
        assert span.span_id.hex() == span_id


def test_a_share_of_the_requests_is_traced(helm: Helm, tmp_path: Path) -> None:
    receiver = Stub(RECEIVER)
    values = {"global": {"tracing": {"endpoint": f"http://{RECEIVER}:4318", "samplePercent": 0}}}
    with running_gateway(helm, values, tmp_path, stubs=(receiver,)) as gateway:
        assert {context_of(gateway)[2] for _ in range(20)} == {"00"}


def test_a_receiver_that_is_down_holds_nobody_up(helm: Helm, tmp_path: Path) -> None:
    receiver = Stub(RECEIVER)
    with running_gateway(helm, VALUES, tmp_path, stubs=(receiver,)) as gateway:
        receiver.lose(1000)
        assert [gateway.call("GET", "/products").status for _ in range(20)] == [200] * 20
