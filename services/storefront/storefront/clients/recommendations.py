"""The service `recommendations`, by gRPC. What it has to say is never worth waiting for."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence

import grpc
import structlog
from prometheus_client import Counter

from shopkit import context, tracing
from shopkit.metrics import Metrics
from shopkit.resilience import Breaker, BreakerOpen, State
from storefront.rpc.recommendations_pb2 import RecommendRequest, RecommendResponse

_log = structlog.get_logger(__name__)
_NAME = "recommendations"
_SERVICE = "shopkeeper.recommendations.v1.Recommendations"
_RETRIES = {
    "maxAttempts": 3,
    "initialBackoff": "0.02s",
    "maxBackoff": "0.1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "healthCheckConfig": {"serviceName": _SERVICE},
    "methodConfig": [{"name": [{"service": _SERVICE}], "retryPolicy": _RETRIES}],
    "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
}
_OPTIONS: Sequence[tuple[str, str | int]] = (
    ("grpc.service_config", json.dumps(_CONFIG)),
    # The configuration is ours; nobody is asked for another.
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    # Pods come back sooner than the usual two minutes.
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.keepalive_time_ms", 30000),
)

Waiting = Callable[[], list[str]]
"""Waits for the recommended products; an empty list when there is no answer in time."""


def none_expected() -> list[str]:
    """Recommend nothing."""
    return []


class Recommendations:
    """Asks what to recommend.

    Args:
        target: such as ``dns:///demo-recommendations:8081``; empty: nothing is recommended.
        seconds: longest wait.
        metrics: where answers are counted, by outcome.
        failures: after how many in a row it is not asked for a while.
        open_seconds: how long that is.
    """

    def __init__(
        self, target: str, seconds: float, metrics: Metrics, *, failures: int = 5, open_seconds: float = 5.0
    ) -> None:
        self._target = target
        self._seconds = seconds
        self._metrics = metrics
        self._breaker = Breaker(failures, open_seconds, self._changed)
        metrics.show_breaker(_NAME, State.CLOSED)
        self._outcomes = Counter(
            "recommendations_total", "Answers of recommendations by outcome.", ("outcome",), registry=metrics.registry
        )
        self._lock = threading.Lock()
        self._call: grpc.UnaryUnaryMultiCallable[RecommendRequest, RecommendResponse] | None = None

    def begin(self, product_ids: Sequence[str], limit: int) -> Waiting:
        """Ask what goes with these products, or what sells best; the answer comes while the page does other things."""
        seconds = self._patience()
        if not self._target or seconds <= 0:
            return none_expected
        try:
            ticket = self._breaker.admit()
        except BreakerOpen:
            self._metrics.count_refusal(_NAME, "breaker")
            return none_expected
        request = RecommendRequest(product_ids=list(product_ids)[:100], limit=limit)
        future = self._method().future(request, timeout=seconds, metadata=_metadata())
        # Not in `wait`: a page that finds that it has no product never waits.
        future.add_done_callback(lambda done: self._breaker.settle(ticket, _went_well(done)))

        def wait() -> list[str]:
            try:
                answer = future.result()
            except (grpc.RpcError, grpc.FutureCancelledError) as error:
                code = getattr(error, "code", lambda: grpc.StatusCode.CANCELLED)()
                self._outcomes.labels(code.name.lower()).inc()
                _log.warning("a page goes without recommendations", cause=code.name)
                return []
            self._outcomes.labels("ok").inc()
            return [recommendation.product_id for recommendation in answer.recommendations]

        return wait

    def _changed(self, before: State, after: State) -> None:
        self._metrics.show_breaker(_NAME, after, changed=True)
        _log.warning("a circuit breaker changed", target=_NAME, before=before, state=after)

    def _patience(self) -> float:
        request = context.current.get()
        left = request.remaining() if request is not None else None
        return self._seconds if left is None else min(self._seconds, left)

    def _method(self) -> grpc.UnaryUnaryMultiCallable[RecommendRequest, RecommendResponse]:
        """Return the method; the channel is made at its first use, in the process that uses it."""
        with self._lock:
            if self._call is None:
                channel = grpc.insecure_channel(self._target, options=_OPTIONS)
                self._call = channel.unary_unary(
                    f"/{_SERVICE}/Recommend",
                    request_serializer=RecommendRequest.SerializeToString,
                    response_deserializer=RecommendResponse.FromString,
                )
            return self._call


def _went_well(done: grpc.Future[RecommendResponse]) -> bool:
    return isinstance(done, grpc.Call) and done.code() is grpc.StatusCode.OK


def _metadata() -> tuple[tuple[str, str], ...]:
    request, traceparent = context.current.get(), tracing.traceparent()
    if request is None or traceparent is None:
        return ()
    return (("traceparent", traceparent), ("x-request-id", request.request_id))
