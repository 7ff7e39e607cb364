"""The factory of a service's Flask application."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

from shopkit import context, lifecycle, settings, tracing
from shopkit.auth import Guard, KeySource, Requirement, TokenVerifier, internal_guard, needed_scope, user_guard
from shopkit.background import Background
from shopkit.database import Database, open_database
from shopkit.docs import add_documents
from shopkit.errors import add_error_handlers
from shopkit.health import AlwaysReady, Readiness, add_probes
from shopkit.keys import FIRST_INTERVAL, KeysError, RemoteKeys
from shopkit.messaging.attach import Messaging, attach
from shopkit.metrics import Metrics
from shopkit.migrations import newest_version
from shopkit.problems import Problem
from shopkit.resilience import Protection
from shopkit.routing import IdConverter, bind
from shopkit.service import Runtime, Service
from shopkit.settings import TokenSettings
from shopkit.upstream import Limits, Upstream

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = structlog.get_logger(__name__)

PROBES = frozenset(("/livez", "/readyz"))


class ServiceApp(Flask):
    """A Flask application that knows the request it serves: ids, deadline, metrics.

    Attributes:
        runtime: what the service was built with.
        messaging: what it publishes and consumes events with.
        error_page: makes the HTML page of an error, where the service has pages; `Service.pages` sets it.
    """

    runtime: Runtime[Any]
    messaging: Messaging
    error_page: Callable[[Problem], Response] | None = None

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request within its context."""
        known = context.from_environ(environ)
        token = context.current.set(known)
        try:
            tracer = tracing.tracer()
            if tracer is None or environ["PATH_INFO"] in PROBES:
                return super().wsgi_app(environ, start_response)
            with tracer.serve(environ, known) as span:
                environ["shopkit.span"] = span
                return super().wsgi_app(environ, start_response)
        finally:
            context.current.reset(token)


def create_app(service: Service[Any], environ: Mapping[str, str], *, keys: KeySource | None = None) -> ServiceApp:
    """Build the application of a service; nothing is connected yet.

    Args:
        service: its definition.
        environ: environment variables.
        keys: public keys for tokens, instead of the service's own source (for tests).

    Raises:
        SettingsError: variables are missing or wrong.
    """
    loaded = settings.load(service.settings, environ)
    metrics = Metrics()
    database = open_database(loaded, f"{loaded.shop}-{service.name}") if service.has_database else None
    if database is not None:
        metrics.watch_pool(database)
    app = ServiceApp(service.name, static_folder=None)
    app.runtime = Runtime(loaded, database, metrics, Background(metrics))
    app.config["MAX_CONTENT_LENGTH"] = loaded.max_body_bytes
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = IdConverter
    app.before_request(_refuse_slashes)
    built = service.build(app.runtime)
    app.messaging = attach(service, app.runtime, built)
    if keys is None:
        keys = service.keys(built) if service.keys else _keys_of_users(app.runtime)
    add_error_handlers(app)
    add_probes(app, _readiness(service, database))
    add_documents(app, service)
    bind(app, service.apis, built, _guards(service.name, loaded, keys))
    if service.pages is not None:
        service.pages(app, built)
    _observe(app, metrics)
    return app


def _refuse_slashes() -> None:
    """Refuse `//path`, which werkzeug would take for `/path`: what guards paths in front of us takes it for another."""
    if request.environ["PATH_INFO"].startswith("//"):
        raise NotFound


def _readiness(service: Service[Any], database: Database | None) -> Readiness | AlwaysReady:
    if database is None:
        return AlwaysReady()
    return Readiness(database, newest_version(service.folder / "migrations"))


def _guards(name: str, loaded: Any, keys: KeySource | None) -> Any:
    def guard_for(requirement: Requirement, method: str) -> Guard:
        if requirement.scheme == "internal":
            return internal_guard(loaded.internal_token)
        if keys is None:
            raise TypeError(f"{type(loaded).__name__} must be a TokenSettings: a route asks for a user")
        return user_guard(TokenVerifier(loaded.jwt_issuer, keys), requirement.role, needed_scope(name, method))

    return guard_for


def _keys_of_users(runtime: Runtime[Any]) -> KeySource | None:
    if not isinstance(runtime.settings, TokenSettings):
        return None
    limits = Limits(connect_seconds=0.5, read_seconds=1.0, attempts=2)
    # No breaker: the keys are asked for seldom enough as it is, and without them nothing works.
    protection = Protection(failures=sys.maxsize)
    users = Upstream("users-keys", runtime.settings.users_url, runtime.metrics, limits=limits, protection=protection)

    def fetch() -> Mapping[str, Any]:
        answer = users.get("/.well-known/jwks.json")
        if answer.status != 200 or not isinstance(answer.body, dict):
            raise KeysError(f"users answered {answer.status} instead of its keys")
        return answer.body

    keys = RemoteKeys(fetch)
    _fetch_early(runtime, keys)
    return keys


def _fetch_early(runtime: Runtime[Any], keys: RemoteKeys) -> None:
    """Have the keys fetched when the process starts, so that the first request need not wait for them."""

    def fetch() -> None:
        # Ids for its lines in the log; and what repeats itself until `users` is there is no trace.
        context.current.set(context.from_environ({}))
        while not keys.fetched() and not lifecycle.wait_for_drain(FIRST_INTERVAL):
            continue

    thread = threading.Thread(target=fetch, name="fetch-keys", daemon=True)
    runtime.background.component("fetch-keys", thread.start, thread.join)


def _observe(app: Flask, metrics: Metrics) -> None:
    @app.after_request
    def finish(response: Response) -> Response:
        known = context.current.get()
        if known is not None:
            rule = request.url_rule
            route = rule.rule if rule is not None else "unmatched"
            if route not in PROBES:
                seconds = time.monotonic() - known.started
                if tracing.tracer() is not None:
                    _finish_span(request.method, route, response.status_code)
                metrics.observe_request(request.method, route, response.status_code, seconds)
                # Reads are seen in the metrics and at the gateway; a line for each would be most of the logs.
                quiet = request.method in ("GET", "HEAD") and response.status_code < 500
                log = _log.debug if quiet else _log.info
                log(
                    "request",
                    method=request.method,
                    route=route,
                    status=response.status_code,
                    seconds=round(seconds, 6),
                )
            response.headers[context.REQUEST_ID_HEADER] = known.request_id
        if lifecycle.draining():
            response.headers["Connection"] = "close"
        return response


def _finish_span(method: str, route: str, status: int) -> None:
    span: tracing.Span | None = request.environ.get("shopkit.span")
    if span is not None:
        span.rename(f"{method} {route}")
        span.set("http.route", route)
        span.set("http.response.status_code", status)
        if status >= 500:
            span.fail(str(status))
