"""Measures what the gateway adds to a request: `python3 -m charts.tests.measure`.

One client asks a trivial service by turns directly, through the gateway on a public path, and on a path for which the
gateway checks a token. All are on this machine, each over one connection that stays open, so the difference of the
medians is what the gateway adds.
"""

import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from charts.tests.envoy import running_gateway
from charts.tests.helm import CHARTS, Helm
from charts.tests.stubs import Stub
from charts.tests.tokens import Signer
from charts.tools.deps import build_dependencies, find_helm

ROUNDS = 5000
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

    def line(self, name: str, base: float) -> str:
        """Return a line of the table, with what the median is above another one."""
        seconds = self.seconds[WARM_UP:]
        median = statistics.median(seconds)
        p99 = statistics.quantiles(seconds, n=100)[98]
        return f"{name:28} {median * 1000:8.3f} {p99 * 1000:8.3f} {(median - base) * 1000:+9.3f}"

    @property
    def median(self) -> float:
        """Return the median of the requests after the warm-up."""
        return statistics.median(self.seconds[WARM_UP:])


def main() -> int:
    """Measure, print a table; fail when the gateway adds more than 0.6 ms."""
    build_dependencies(CHARTS)
    orders, products = Trivial("orders"), Trivial("products")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_gateway(
            Helm(find_helm()), {"rateLimit": {"requestsPerMinute": 10_000_000}}, Path(folder), stubs=(orders, products)
        ) as gateway,
    ):
        signer: Signer = gateway.signer
        direct = Client(orders.port, "/api/v1/orders", signer.token())
        public = Client(gateway.ports["http"], "/api/v1/products", signer.token())
        checked = Client(gateway.ports["http"], "/api/v1/orders", signer.token())
        for _ in range(WARM_UP + ROUNDS):
            for client in (direct, public, checked):
                client.ask()
    print(f"{'':28} {'p50 ms':>8} {'p99 ms':>8} {'added p50':>9}")
    print(direct.line("direct", direct.median))
    print(public.line("gateway, public path", direct.median))
    print(checked.line("gateway, token checked", direct.median))
    return 0 if checked.median - direct.median <= 0.0006 else 1


if __name__ == "__main__":
    sys.exit(main())
