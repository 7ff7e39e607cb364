"""Spans without an endpoint: nothing happens, and the context is passed on all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shopkit import context, tracing
from shopkit.app import ServiceApp
from shopkit.context import RequestContext
from shopkit.testing.process import subprocess_environ

SENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_without_an_endpoint_a_span_is_nothing() -> None:
    with tracing.span("a", "client", {"b": 1}, parent=SENT) as first, tracing.span("c") as second:
        first.set("d", 2)
        first.rename("e")
        first.fail("f")
    assert first is second
    with pytest.raises(KeyError), tracing.span("a"):
        raise KeyError("an error passes through")


def test_the_context_of_the_request_is_passed_on() -> None:
    assert tracing.traceparent() is None
    token = context.current.set(RequestContext("r", SENT, 0.0))
    assert tracing.traceparent() == SENT
    context.current.reset(token)


def test_without_an_endpoint_opentelemetry_is_not_even_imported(environ: dict[str, str]) -> None:
    program = (
        "import os, sys; from shopkit.app import create_app; from shopkit.service import find_service; "
        "from shopkit import tracing; service = find_service('demo'); app = create_app(service, os.environ); "
        "tracing.configure(app.runtime.settings, 'demo', '1'); "
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=subprocess_environ(environ), capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_spans_of_a_request_do_not_exist_without_an_endpoint(app: ServiceApp) -> None:
    response = app.test_client().get("/api/v1/boom", headers={"Traceparent": SENT})
    assert "shopkit.span" not in response.request.environ
