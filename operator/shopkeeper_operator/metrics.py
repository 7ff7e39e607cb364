"""The operator's own metrics, and the port that serves them beside readiness."""

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import Counter, Gauge, Histogram, make_wsgi_app

API_REQUESTS: Final = Counter(
    "shopkeeper_api_requests_total",
    "Requests to the Kubernetes API by HTTP verb and status code.",
    ("verb", "code"),
)
QUEUE_DEPTH: Final = Gauge("shopkeeper_queue_depth", "Shops that wait for a reconcile.")
QUEUE_AGE: Final = Histogram(
    "shopkeeper_queue_age_seconds",
    "Time a Shop waited for its reconcile.",
    buckets=(0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60),
)
QUEUE_RETRIES: Final = Counter("shopkeeper_queue_retries_total", "Reconciles that were put off for another try.")
RECONCILE_SECONDS: Final = Histogram(
    "shopkeeper_reconcile_seconds",
    "Time of a reconcile.",
    buckets=(0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60),
)
RECONCILES: Final = Counter("shopkeeper_reconciles_total", "Reconciles by result.", ("result",))
WRITES: Final = Counter("shopkeeper_writes_total", "Writes of plans by action and cause.", ("action", "cause"))
LEADER: Final = Gauge("shopkeeper_leader", "1 where this replica works, 0 where it stands by.")
SHOPS: Final = Gauge("shopkeeper_shops", "Shops that the operator knows.")


class _Quiet(WSGIRequestHandler):
    """Logs no line per probe."""

    def log_message(self, *_: Any) -> None:
        """Drop the line."""


def serve(port: int, ready: Callable[[], bool]) -> WSGIServer:
    """Serve `/metrics` and `/readyz` in a daemon thread and return the server.

    Raises:
        OSError: the port is taken.
    """
    exporter: Callable[..., Iterable[bytes]] = make_wsgi_app()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/readyz":
            is_ready = ready()
            start_response("200 OK" if is_ready else "503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"ready\n" if is_ready else b"the first list of objects is not complete\n"]
        return exporter(environ, start_response)

    server = make_server("", port, app, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def serve_liveness(port: int, alive: Callable[[], None]) -> WSGIServer:
    """Serve `/healthz` in a daemon thread and return the server.

    Args:
        port: where.
        alive: raises where the operator does not get on.

    Raises:
        OSError: the port is taken.
    """

    def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            alive()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the probe asks for
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [f"{error or type(error).__name__}\n".encode()]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"alive\n"]

    server = make_server("", port, app, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, name="liveness", daemon=True).start()
    return server
