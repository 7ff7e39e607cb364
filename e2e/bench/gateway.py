"""What the gateway adds to a request.

One client asks a trivial service by turns directly, through the gateway on a public path, and on a path for which the
gateway checks a token. All are on this machine, each over one connection that stays open, so the difference of the
medians is what the gateway adds.
"""

import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path

from charts.tests.envoy import running_gateway
from charts.tests.helm import CHARTS, Helm
from charts.tests.stubs import Stub
from charts.tools.deps import build_dependencies, find_helm

WARM_UP = 500
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Trivial(Stub):
    """A service that answers at once and without looking."""

    def start(self) -> None:
        """Serve each connection in a thread."""
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """End."""
        self.server_close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    while received := connection.recv(65536):
        assert received.endswith(b"\r\n\r\n")
        connection.sendall(ANSWER)


class Client:
    """Sends one request again and again over one connection."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = (f"GET {path} HTTP/1.1", "Host: shop.example.com", f"Authorization: Bearer {token}", "", "")
        self._request = "\r\n".join(lines).encode()
        self.seconds: list[float] = []

    def ask(self) -> None:
        """Send the request, wait for the answer and note how long it took."""
        started = time.perf_counter()
        self._connection.sendall(self._request)
        answer = self._connection.recv(65536)
        self.seconds.append(time.perf_counter() - started)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert answer.endswith(b"{}"), answer

    def figures(self) -> dict[str, float]:
        """Return median and 99th percentile after the warm-up, in ms."""
        seconds = self.seconds[WARM_UP:]
        return {"p50": statistics.median(seconds) * 1000, "p99": statistics.quantiles(seconds, n=100)[98] * 1000}


def measure(rounds: int) -> dict[str, object]:
    """Return the figures of each way, in ms, and what the gateway with its token check adds to the median."""
    build_dependencies(CHARTS)
    orders, products = Trivial("orders"), Trivial("products")
    limits = {"rateLimit": {"requestsPerMinute": 10_000_000}}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_gateway(Helm(find_helm()), limits, Path(folder), stubs=(orders, products)) as gateway,
    ):
        token = gateway.signer.token()
        ways = {
            "direct": Client(orders.port, "/api/v1/orders", token),
            "public path": Client(gateway.ports["http"], "/api/v1/products", token),
            "token checked": Client(gateway.ports["http"], "/api/v1/orders", token),
        }
        for _ in range(WARM_UP + rounds):
            for client in ways.values():
                client.ask()
    found = {name: client.figures() for name, client in ways.items()}
    return {**found, "added_p50": found["token checked"]["p50"] - found["direct"]["p50"]}
