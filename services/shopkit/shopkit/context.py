"""What is known about the request this thread works on: ids to correlate by, and the time that is left."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from uuid_utils import uuid7

REQUEST_ID_HEADER = "X-Request-Id"
TRACE_HEADER = "Traceparent"
# Envoy's router sets this header on what it sends upstream (and strips it from what outsiders send): the time it
# is going to wait, in milliseconds. Relative, so clocks need not agree. The services use it among themselves too.
DEADLINE_HEADER = "X-Envoy-Expected-Rq-Timeout-Ms"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(slots=True)
class RequestContext:
    """One request: its ids, when it began and (monotonic) when its caller stops waiting."""

    request_id: str
    traceparent: str
    started: float
    deadline: float | None = None

    @property
    def trace_id(self) -> str:
        """The 32 hex digits that name the trace."""
        return self.traceparent[3:35]

    def remaining(self) -> float | None:
        """Seconds until the caller stops waiting; None when it did not say."""
        return None if self.deadline is None else self.deadline - time.monotonic()


current: ContextVar[RequestContext | None] = ContextVar("shopkit_request", default=None)


def from_environ(environ: Mapping[str, str]) -> RequestContext:
    """Read the context of a request from its WSGI environ; ids that are missing or malformed are made anew."""
    now = time.monotonic()
    request_id = environ.get("HTTP_X_REQUEST_ID", "")
    if not _REQUEST_ID.fullmatch(request_id):
        request_id = str(uuid7())
    traceparent = environ.get("HTTP_TRACEPARENT", "")
    if not is_traceparent(traceparent):
        traceparent = new_traceparent()
    budget = environ.get("HTTP_X_ENVOY_EXPECTED_RQ_TIMEOUT_MS", "")
    deadline = now + int(budget) / 1000 if budget.isascii() and budget.isdigit() and len(budget) < 10 else None
    return RequestContext(request_id, traceparent, now, deadline)


def is_traceparent(value: str) -> bool:
    """Tell whether this is a `traceparent` that can be passed on."""
    return _TRACEPARENT.fullmatch(value) is not None


def new_traceparent() -> str:
    """Begin a trace (not sampled: nobody exports it, its id only ties log lines together)."""
    digits = os.urandom(24).hex()
    return f"00-{digits[:32]}-{digits[32:]}-00"
