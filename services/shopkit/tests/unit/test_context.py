from __future__ import annotations

import time

import pytest

from shopkit import context
from shopkit.ids import is_id

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_ids_of_the_caller_are_kept() -> None:
    found = context.from_environ({"HTTP_X_REQUEST_ID": "abc-1", "HTTP_TRACEPARENT": TRACE})
    assert (found.request_id, found.traceparent, found.deadline) == ("abc-1", TRACE, None)
    assert found.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert found.remaining() is None


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, "a\r\nSet-Cookie: b", "ä"])
def test_a_malformed_request_id_is_replaced(bad: str) -> None:
    assert is_id(context.from_environ({"HTTP_X_REQUEST_ID": bad}).request_id)


@pytest.mark.parametrize(
    "bad", ["", "00-" + "0" * 32 + "-b7ad6b7169203331-01", TRACE.upper(), TRACE + "-x", "ff" + TRACE[2:]]
)
def test_a_malformed_trace_is_replaced(bad: str) -> None:
    found = context.from_environ({"HTTP_TRACEPARENT": bad})
    assert found.traceparent != bad
    assert context.from_environ({"HTTP_TRACEPARENT": found.traceparent}).traceparent == found.traceparent


def test_the_deadline_counts_from_now() -> None:
    before = time.monotonic()
    found = context.from_environ({"HTTP_X_ENVOY_EXPECTED_RQ_TIMEOUT_MS": "1500"})
    assert found.deadline is not None
    assert before + 1.5 <= found.deadline <= time.monotonic() + 1.5
    remaining = found.remaining()
    assert remaining is not None
    assert remaining <= 1.5


@pytest.mark.parametrize("bad", ["", "-1", "1.5", "soon", "9" * 12, "²"])
def test_a_malformed_deadline_is_none(bad: str) -> None:
    assert context.from_environ({"HTTP_X_ENVOY_EXPECTED_RQ_TIMEOUT_MS": bad}).deadline is None
