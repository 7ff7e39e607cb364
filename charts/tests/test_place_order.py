"""The pod of `helm test`: passes with a shop that works, says what is wrong with one that does not."""

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from charts.tests.helm import CHARTS, Helm, Object
from charts.tests.objects import of_kind
from charts.tests.test_gateway_tls import certificate

SCRIPT = CHARTS / "shop" / "files" / "place_order.py"
GOOD = {
    "POST /register": (201, {"id": "u"}),
    "POST /login": (200, {"access_token": "t"}),
    "POST /products": (201, {"id": "p"}),
    "POST /inventory/p": (200, {}),
    "POST /orders": (201, {"id": "o"}),
    "POST /orders/o/pay": (200, {"status": "confirmed", "total": 2500}),
    "GET /inventory/p": (200, {"available": 3}),
    "DELETE /inventory/p": (204, None),
    "DELETE /products/p": (204, None),
}


class FakeShop(ThreadingHTTPServer):
    """A gateway with fixed answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, Any]] = dict(GOOD)
        self.asked: list[tuple[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: FakeShop

    def answer(self) -> None:
        """Give the answer that the test has laid down."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = f"{self.command} {self.path}"
        self.server.asked.append((asked, self.headers.get("Authorization", "")))
        status, body = self.server.answers[asked]
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 (names that http.server looks for)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in http.server)
        """Print nothing."""


@pytest.fixture
def shop() -> Iterator[FakeShop]:
    """Return a running fake shop."""
    with FakeShop() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def run(shop: FakeShop, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the script against the fake shop."""
    environment = {
        "GATEWAY": f"127.0.0.1:{shop.server_address[1]}",
        "ADMIN_EMAIL": "admin@example.com",
        "ADMIN_PASSWORD": "hunter2-hunter2",
        **more,
    }
    # As in the pod: the text is given to `python -c`.
    command = [sys.executable, "-c", SCRIPT.read_text()]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def test_a_shop_that_works_passes(shop: FakeShop) -> None:
    done = run(shop)
    assert (done.returncode, done.stderr) == (0, "")
    assert "order: confirmed" in done.stdout
    assert [asked for asked, _ in shop.asked if asked != "POST /login"] == [k for k in GOOD if k != "POST /login"]
    assert "hunter2" not in done.stdout


@pytest.mark.parametrize(
    ("request_line", "answer", "message"),
    [
        ("POST /login", (401, {"title": "no"}), 'POST /login: 401 where 200 was wanted: {"title": "no"}'),
        ("POST /orders", (503, {}), "POST /orders: 503 where 201 was wanted: {}"),
        ("POST /orders/o/pay", (200, {"status": "paying", "total": 2500}), "order: 'paying' where 'confirmed' was"),
        ("GET /inventory/p", (200, {"available": 5}), "stock: 5 where 3 was wanted"),
    ],
)
def test_a_broken_shop_fails(shop: FakeShop, request_line: str, answer: tuple[int, Any], message: str) -> None:
    shop.answers[request_line] = answer
    done = run(shop)
    assert done.returncode == 1
    assert message in done.stderr


def test_a_failed_test_leaves_no_product(shop: FakeShop) -> None:
    shop.answers["POST /orders"] = (503, {})
    run(shop)
    assert shop.asked[-2:] == [("DELETE /inventory/p", "Bearer t"), ("DELETE /products/p", "Bearer t")]


def test_a_missing_gateway_is_named(shop: FakeShop) -> None:
    shop.shutdown()
    shop.server_close()
    done = run(shop)
    assert done.returncode == 1
    assert f"POST /register: no answer from 127.0.0.1:{shop.server_address[1]}" in done.stderr


def test_a_shop_that_wants_https_gets_it(helm: Helm) -> None:
    def names(values: Object) -> list[str]:
        (pod,) = of_kind(helm.template("shop", values, hooks=True), "Pod")
        return [one["name"] for one in pod["spec"]["containers"][0]["env"]]

    assert "GATEWAY_TLS" in names({"gateway": {"tls": {"redirect": True}}})
    assert "GATEWAY_TLS" not in names({"gateway": {"tls": {"redirect": True, "enabled": False}}})
    assert "GATEWAY_TLS" not in names({})


def test_it_speaks_https(tmp_path: Path) -> None:
    chain, key = certificate(1)
    (tmp_path / "both.pem").write_bytes(chain + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    with FakeShop() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        done = run(server, GATEWAY_TLS="1")
        server.shutdown()
    assert (done.returncode, done.stderr) == (0, "")


def test_only_the_test_pod_is_a_hook(helm: Helm) -> None:
    hooks = [one for one in helm.template("shop", hooks=True) if one not in helm.template("shop")]
    assert [one["metadata"]["name"] for one in hooks] == ["demo-test"]
    (pod,) = of_kind(hooks, "Pod")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    (container,) = pod["spec"]["containers"]
    assert container["command"][2].strip() == SCRIPT.read_text().strip()
    assert pod["spec"]["restartPolicy"] == "Never"
