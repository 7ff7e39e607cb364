"""Calls to other services: bounded in time and number, traced, tried again only where that is safe.

A fallback, where one makes sense, is the caller's: it catches UpstreamError.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from shopkit import answers, context, tracing
from shopkit.answers import UpstreamResponse
from shopkit.connections import pool_manager
from shopkit.guard import Failure, Guard
from shopkit.metrics import Metrics
from shopkit.problems import Problem
from shopkit.resilience import Protection
from shopkit.routing import to_json

__all__ = ["Limits", "Upstream", "UpstreamError", "UpstreamResponse"]

_IDEMPOTENT = frozenset(("GET", "HEAD", "PUT", "DELETE"))
# A call that its caller cuts off sooner than this says nothing about the service.
_FAIR_SECONDS = 1.0


class UpstreamError(Problem):
    """Another service could not be asked (503) or did not answer in time (504).

    Attributes:
        target: name of the service.
        maybe_done: whether the request may have taken effect there all the same.
    """

    def __init__(self, target: str, detail: str, *, status: int = 503, maybe_done: bool, retry_after: int = 1) -> None:
        slug, title = {
            503: ("upstream-unavailable", "A service that is needed cannot be reached"),
            504: ("upstream-timeout", "A service that is needed did not answer in time"),
        }[status]
        super().__init__(status, slug, title, detail, headers={"Retry-After": str(retry_after)})
        self.target = target
        self.maybe_done = maybe_done


@dataclass(frozen=True, slots=True)
class _Request:
    """What is sent, at each attempt."""

    method: str
    path: str
    encoded: bytes | None
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Limits:
    """How long and how often a call is tried."""

    connect_seconds: float = 1.0
    read_seconds: float = 3.0
    attempts: int = 3
    backoff_seconds: float = 0.05


class Upstream:
    """One other service. Safe for threads; connections are kept.

    Args:
        name: its name in logs, metrics and errors.
        base_url: such as ``http://demo-inventory``.
        metrics: where calls are counted.
        token: shared token for its internal routes.
        limits: time limits and attempts.
        protection: breaker, bulkhead and age of connections.
        sleep: waits between attempts.
        clock: monotonic clock.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        metrics: Metrics,
        *,
        token: str | None = None,
        limits: Limits | None = None,
        protection: Protection | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._base_url = base_url.rstrip("/")
        self._metrics = metrics
        self._limits = limits or Limits()
        self._sleep = sleep
        self._headers = {"Accept": "application/json", "User-Agent": "shopkit"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        protection = protection or Protection()
        self._http = pool_manager(protection.concurrency, protection.connection_seconds, clock)
        self._guard = Guard(name, metrics, protection, clock)

    def get(self, path: str) -> UpstreamResponse:
        """GET a path; see `call`."""
        return self.call("GET", path)

    def post(self, path: str, body: Any, *, idempotent: bool = False) -> UpstreamResponse:
        """POST a JSON body; see `call`."""
        return self.call("POST", path, body, idempotent=idempotent)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        idempotent: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> UpstreamResponse:
        """Send a request and return its answer, whatever its status below 500.

        Args:
            method: HTTP method.
            path: path and query, encoded.
            body: sent as JSON unless None.
            idempotent: sending it twice is the same as once (known of GET, HEAD, PUT, DELETE). Otherwise it is only
                tried again where no connection was made.
            headers: further headers of this call, such as the Authorization of whom it is made for.

        Raises:
            UpstreamError: no connection (503), an answer of 500 and above or an error that is no problem document
                and so not the service's (503), no answer in time (504; also where
                the service itself says so of what it needs, with a problem document: then asking again at once
                does not help), not asked because it failed too often lately or too many calls are under way (503).
        """
        idempotent = idempotent or method in _IDEMPOTENT
        request = _Request(method, path, None if body is None else to_json(body), headers or {})
        self._guard.count_call()
        maybe_done = False
        attempt = 1
        while True:
            try:
                timeout = self._timeout()
                with self._guard.passed():
                    return self._attempt(request, timeout)
            except Failure as failure:
                # What an earlier attempt may have done, it may have done, whatever came of this one.
                maybe_done = maybe_done or failure.maybe_done
                pause = self._limits.backoff_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
                again = failure.transient and (idempotent or not maybe_done) and attempt < self._limits.attempts
                if not again or not self._has_time(pause) or not self._guard.may_repeat():
                    raise UpstreamError(
                        self._name,
                        failure.detail,
                        status=failure.status,
                        maybe_done=maybe_done,
                        retry_after=failure.retry_after,
                    ) from failure
            attempt += 1
            self._sleep(pause)

    def _attempt(self, request: _Request, timeout: urllib3.Timeout) -> UpstreamResponse:
        attributes = {"http.request.method": request.method, "server.address": self._name}
        with tracing.span(f"{request.method} {self._name}", "client", attributes) as span:
            answer = self._send(request, timeout)
            span.set("http.response.status_code", answer.status)
            if answer.status >= 500:
                span.fail(str(answer.status))
        if answers.is_strangers(answer):
            # It would go on answering over the connections that are kept, also when the service is back.
            self._http.clear()
        return answers.read(self._name, answer)

    def _send(self, request: _Request, timeout: urllib3.Timeout) -> urllib3.BaseHTTPResponse:
        started = time.perf_counter()
        outcome = "error"
        try:
            headers = self._request_headers(request)
            answer = self._http.request(
                request.method, self._base_url + request.path, body=request.encoded, headers=headers, timeout=timeout
            )
            outcome = str(answer.status)
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise Failure(f"{self._name} cannot be reached.", 503, maybe_done=False) from error
        except ReadTimeoutError as error:
            outcome = "timeout"
            detail = f"{self._name} did not answer in time."
            well = False if self._was_fair(timeout) else None
            raise Failure(detail, 504, maybe_done=True, transient=False, well=well) from error
        except HTTPError as error:
            raise Failure(f"The connection to {self._name} broke.", 503, maybe_done=True) from error
        finally:
            self._metrics.observe_call(self._name, request.method, outcome, time.perf_counter() - started)
        return answer

    def _timeout(self) -> urllib3.Timeout:
        left = _remaining()
        if left is not None and left <= 0.001:
            raise Failure(f"No time is left to ask {self._name}.", 504, maybe_done=False, transient=False)
        return urllib3.Timeout(connect=self._limits.connect_seconds, read=self._limits.read_seconds, total=left)

    def _has_time(self, pause: float) -> bool:
        left = _remaining()
        return left is None or left > pause

    def _was_fair(self, timeout: urllib3.Timeout) -> bool:
        left = timeout.total
        return not isinstance(left, float) or left >= min(_FAIR_SECONDS, self._limits.read_seconds)

    def _request_headers(self, request: _Request) -> dict[str, str]:
        headers = {**self._headers, **request.headers}
        if request.encoded is not None:
            headers["Content-Type"] = "application/json"
        wait = self._limits.read_seconds
        served = context.current.get()
        if served is not None:
            headers[context.REQUEST_ID_HEADER] = served.request_id
            wait = min(wait, served.remaining() or wait)
        traceparent = tracing.traceparent()
        if traceparent is not None:
            headers[context.TRACE_HEADER] = traceparent
        headers[context.DEADLINE_HEADER] = str(max(1, round(wait * 1000)))
        return headers


def _remaining() -> float | None:
    request = context.current.get()
    return None if request is None else request.remaining()
