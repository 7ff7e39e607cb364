"""Another service for tests: a real HTTP server whose answers the test decides and whose requests it can read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from shopkit.problems import MEDIA_TYPE


@dataclass(frozen=True)
class Received:
    """One request that arrived; `port` is the caller's, the same for all requests over one connection."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    port: int


Answer = tuple[int, Any]
Responder = Callable[[Received], Answer]


class FakeUpstream:
    """Use it as a context manager; `url` is its base URL.

    Attributes:
        received: every request, in the order of arrival.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._responders: dict[tuple[str, str], Responder] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Otherwise the answer waits for the client's delayed acknowledgement, 40 ms.
            disable_nagle_algorithm = True

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def _serve(self) -> None:
                outer._serve(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, method: str, path: str, status: int, body: Any = None) -> None:
        """Answer requests to a path always like this; a body of None is no body."""
        self.respond(method, path, lambda _request: (status, body))

    def respond(self, method: str, path: str, responder: Responder) -> None:
        """Let a function decide on each request to a path.

        It may block; a ConnectionError that it raises breaks the connection.
        """
        self._responders[(method, path)] = responder

    def reset(self) -> None:
        """Forget answers and requests."""
        self.received.clear()
        self._responders.clear()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        body = json.loads(raw) if raw else None
        port: int = handler.client_address[1]
        request = Received(handler.command, handler.path, dict(handler.headers), body, port)
        self.received.append(request)
        known = self._responders.get((request.method, request.path))
        try:
            status, body = known(request) if known else (404, {"detail": f"the fake knows no {request.path}"})
        except ConnectionError:
            handler.close_connection = True
            return
        encoded = b"" if body is None else json.dumps(body).encode()
        handler.send_response(status)
        # As services do: their errors are problem documents.
        handler.send_header("Content-Type", MEDIA_TYPE if status >= 400 else "application/json")
        handler.send_header("Content-Length", str(len(encoded)))
        handler.end_headers()
        handler.wfile.write(encoded)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
