"""Requests that nobody of good will sends, to a real server: each is refused, nothing is changed, memory is bounded."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from shopkit.database import Database
from shopkit.testing.process import ServerProcess
from shopkit.testing.tokens import Tokens
from shopkit.testing.upstream import FakeUpstream

NOTES = "/api/v1/notes"
MIB = 1 << 20


@pytest.fixture(scope="module", params=["granian", "gunicorn"])
def server(
    environ: dict[str, str], tokens: Tokens, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    with FakeUpstream() as users:
        users.answer("GET", "/.well-known/jwks.json", 200, tokens.jwks())
        variables = {"SERVER": request.param, "USERS_URL": users.url, "SHUTDOWN_DRAIN_SECONDS": "0"}
        with ServerProcess("demo", {**environ, **variables}, tmp_path_factory.mktemp("abuse") / "log") as running:
            yield running


@pytest.fixture(autouse=True)
def nothing_changes(server: ServerProcess, database: Database) -> Iterator[None]:
    """Whatever a test sends: no note is kept, and the server goes on."""
    yield
    assert database.fetch_row("SELECT count(*) AS notes FROM notes") == {"notes": 0}
    assert server.get(NOTES).status == 200


def connect(server: ServerProcess) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def status_of(server: ServerProcess, head: str, body: bytes = b"") -> int | None:
    """Send a request as it is and return the status of the answer; None when there is none."""
    with connect(server) as line:
        received = b""
        try:
            line.sendall(head.encode("latin-1") + b"\r\n\r\n" + body)
            received = line.recv(65536)
        except ConnectionError:
            return None
    found = re.match(rb"HTTP/1\.[01] (\d{3})", received)
    return int(found.group(1)) if found else None


def head(tokens: Tokens, *more: str, path: str = NOTES) -> str:
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in tokens.user().items()]
    return "\r\n".join([*lines, *more])


@pytest.mark.parametrize("opening", [b"[", b'{"text":', b'[{"text":'])
@pytest.mark.parametrize("nul", [b"", b'"\\u0000"'])
def test_deep_nesting_is_a_400(server: ServerProcess, tokens: Tokens, opening: bytes, nul: bytes) -> None:
    body = opening * (900_000 // len(opening)) + nul
    assert status_of(server, head(tokens, f"Content-Length: {len(body)}"), body) == 400


def test_nesting_that_closes_is_a_400_too(server: ServerProcess, tokens: Tokens) -> None:
    body = b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert status_of(server, head(tokens, f"Content-Length: {len(body)}"), body) == 400


@pytest.mark.parametrize("count", [1, 2000])
def test_headers_beyond_all_measure_are_refused(server: ServerProcess, tokens: Tokens, count: int) -> None:
    headers = [f"X-Filler-{number}: {'a' * (1_000_000 // count)}" for number in range(count)]
    body = b'{"text": "a"}'
    assert status_of(server, head(tokens, *headers, f"Content-Length: {len(body)}"), body) in (400, 431, None)


def test_a_body_without_end_costs_no_memory(server: ServerProcess, tokens: Tokens) -> None:
    [worker] = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    before = peak(worker)
    chunk = b"%x\r\n%s\r\n" % (MIB, b"a" * MIB)
    sent, received = 0, b""
    with connect(server) as line:
        try:
            line.sendall(head(tokens, "Transfer-Encoding: chunked").encode() + b"\r\n\r\n")
            while sent < 256 and not received:
                line.sendall(chunk)
                sent += 1
                line.setblocking(False)
                try:
                    received = line.recv(65536)
                except BlockingIOError:
                    line.settimeout(30)
            received = received or line.recv(65536)
        except ConnectionError:
            pass  # the server has hung up: that is fine as well
    assert received == b"" or received.startswith(b"HTTP/1.1 413")
    assert peak(worker) - before < 64 * MIB, f"after {sent} MiB"


def peak(pid: str) -> int:
    """Return the most memory that a process has had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found.group(1)) * 1024


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/notes",
        "/api/v1//notes",
        "/api/v1/notes/",
        "/api/v1/notes/.",
        "/api/v1/./notes",
        "/api/v1/%2e/notes",
        "/api/v1/x/../notes",
        "/api/v1/x/%2e%2e/notes",
        "/api/v1/x/..;/notes",
        "/api/v1/notes;a=b",
        "/api/v1/notes%00",
        "/api/v1/notes%0d%0aX-Injected:%20y",
        "/API/v1/notes",
    ],
)
def test_a_path_has_one_spelling(server: ServerProcess, tokens: Tokens, path: str) -> None:
    body = b'{"text": "a"}'
    assert status_of(server, head(tokens, f"Content-Length: {len(body)}", path=path), body) in (400, 404, 405)


@pytest.mark.parametrize("name", ["X-Request-Id", "Traceparent", "X-Envoy-Expected-Rq-Timeout-Ms"])
@pytest.mark.parametrize("value", ["a\tb", "ü" * 50, "9" * 5000, "'; DROP TABLE notes; --"])
def test_headers_that_we_read_are_not_believed(server: ServerProcess, name: str, value: str) -> None:
    pool = urllib3.PoolManager(retries=False, timeout=30.0)
    answer = pool.request("GET", server.url + NOTES, headers={name: value})
    assert answer.status == 200
    assert re.fullmatch(r"[0-9a-f-]{36}|9{5000}", answer.headers["X-Request-Id"])
    assert answer.headers["X-Request-Id"] != value


def test_two_lengths_are_one_too_many(server: ServerProcess, tokens: Tokens) -> None:
    body = b'{"text": "a"}'
    lengths = (f"Content-Length: {len(body)}", f"Content-Length: {len(body) - 1}")
    assert status_of(server, head(tokens, *lengths), body) in (400, None)
    both = (f"Content-Length: {len(body)}", "Transfer-Encoding: chunked")
    assert status_of(server, head(tokens, *both), body) in (400, None)
