"""Stubs of the services behind the gateway, and of the receiver of spans."""

import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEYS_PATH = "/.well-known/jwks.json"


class Stub(ThreadingHTTPServer):
    """A service that tells what it was asked.

    Attributes:
        seen: methods of the requests since the last reset.
        asked: method and path of all requests, but for those of keys.
        keys: the JWKS document that it publishes; None: it fails to.
        key_requests: how often it was asked for that.
        bodies: bodies that it got.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, service: str) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.service = service
        self.lost = 0
        self.seen: list[str] = []
        self.asked: list[str] = []
        self.bodies: list[bytes] = []
        self.keys: list[Any] | None = None
        self.key_requests = 0
        self.held = threading.Event()

    @property
    def port(self) -> int:
        """Return where it listens on this machine."""
        return int(self.server_address[1])

    def lose(self, requests: int) -> None:
        """Close the connection under the next requests in place of an answer."""
        self.lost = requests
        self.seen.clear()

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing where Envoy has closed a connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """End."""
        self.held.set()
        self.shutdown()
        self.server_close()


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes.
    disable_nagle_algorithm = True
    server: Stub

    def answer(self) -> None:
        """Answer with what was asked, unless the test wants something else."""
        body = self.body()
        if self.path == KEYS_PATH:
            self.publish_keys()
            return
        self.server.seen.append(self.command)
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.bodies.append(body)
        if self.server.lost > 0:
            self.server.lost -= 1
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if self.headers.get("X-Test-Hold"):
            self.server.held.wait(20)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.say(200, {"service": self.server.service, "path": self.path, "headers": headers, "length": len(body)})

    def body(self) -> bytes:
        """Read the request's body, in chunks if it comes so."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def publish_keys(self) -> None:
        """Answer as users does for its public keys."""
        self.server.key_requests += 1
        if self.server.keys is None:
            self.say(500, {})
        else:
            self.say(200, {"keys": self.server.keys, "service": self.server.service, "path": self.path})

    def say(self, status: int, content: Any) -> None:
        """Send JSON."""
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 (names that http.server looks for)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in http.server)
        """Print nothing."""
