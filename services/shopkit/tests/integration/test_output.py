"""Everything that a real process prints, whatever is sent to it: JSON lines without secrets."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from shopkit.testing.logs import log_lines
from shopkit.testing.process import ServerProcess
from shopkit.testing.tokens import INTERNAL_TOKEN, Tokens
from shopkit.testing.upstream import FakeUpstream
from shopkit.testing.waiting import wait_for

NOTES = "/api/v1/notes"
TRACE = "0af7651916cd43dd8448eb211c80319c"
EMAIL, CARD, PASSWORD = "ann.shopper@mail.example.org", "4242 4242 4242 4242", "correct-horse-battery"
SECRETS = (EMAIL, CARD, CARD.replace(" ", ""), PASSWORD, INTERNAL_TOKEN)

END = b"Host: x\r\nConnection: close\r\n\r\n"
POST = b"POST /api/v1/counts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
UGLY = [
    b"",
    b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /%ff%00%0d%0aX: y HTTP/1.1\r\n" + END,
    b"GET /../../etc/passwd HTTP/1.1\r\n" + END,
    b"BREW /pot HTTP/1.1\r\n" + END,
    b"GET /api/v1/notes HTTP/1.1\r\nX-Request-Id: a\x00b\r\n\r\n",
    b"GET /api/v1/notes HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 200_000 + b"\r\n\r\n",
    POST + b"Content-Length: -5\r\n\r\n",
    POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nnot hexadecimal\r\n0\r\n\r\n",
    POST + b"Content-Length: 99\r\n\r\ncut off",
]


@pytest.fixture(params=["granian", "gunicorn"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def server(environ: dict[str, str], kind: str, tokens: Tokens, tmp_path: Path) -> Iterator[ServerProcess]:
    with FakeUpstream() as users:
        users.answer("GET", "/.well-known/jwks.json", 200, tokens.jwks())
        variables = {"SERVER": kind, "USERS_URL": users.url, "SHUTDOWN_DRAIN_SECONDS": "0", "LOG_LEVEL": "DEBUG"}
        with ServerProcess("demo", {**environ, **variables}, tmp_path / "log") as running:
            yield running


def throw(server: ServerProcess, raw: bytes) -> None:
    """Send bytes and read until the other side has had enough."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as line:
        try:
            line.sendall(raw)
            line.shutdown(socket.SHUT_WR)
            while line.recv(65536):
                continue
        except ConnectionError:
            return


def end(server: ServerProcess) -> str:
    server.stop()
    assert server.process.wait(timeout=30) == 0
    return server.output()


def post(server: ServerProcess, path: str, body: object, headers: dict[str, str]) -> int:
    pool = urllib3.PoolManager(retries=False, timeout=30.0)
    return pool.request("POST", server.url + path, json=body, headers=headers).status


def test_ugly_requests_leave_only_json_lines(server: ServerProcess) -> None:
    for raw in UGLY:
        throw(server, raw)
    assert server.get("/livez").status == 200
    log_lines(end(server))


def test_each_line_of_a_request_names_it_and_none_tells_its_secrets(server: ServerProcess, tokens: Tokens) -> None:
    user = tokens.user()
    ids = {"X-Request-Id": "find-me", "Traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    assert post(server, NOTES, {"text": f"my card is {CARD}"}, {**user, **ids}) == 201
    assert post(server, NOTES, {"text": PASSWORD, "email": EMAIL}, {**user, **ids}) == 422
    assert post(server, NOTES, {"text": "a"}, {"Authorization": f"Bearer {PASSWORD}", **ids}) == 401
    assert post(server, f"/api/v1/nowhere?token={PASSWORD}", {}, {"Cookie": PASSWORD, **ids}) == 404
    assert post(server, "/api/v1/clash", {"text": EMAIL}, ids) == 500
    assert server.get("/api/v1/boom").status == 500
    output = end(server)
    token = user["Authorization"].removeprefix("Bearer ")
    lines = log_lines(output, never=(*SECRETS, token, token.split(".")[1], "b7ad6b7169203331"))
    mine = [line for line in lines if line.get("request_id") == "find-me"]
    assert {line["trace_id"] for line in mine} == {TRACE}
    requests = [(line["status"], line["route"]) for line in mine if line["event"] == "request"]
    assert requests == [(201, NOTES), (422, NOTES), (401, NOTES), (404, "unmatched"), (500, "/api/v1/clash")]
    assert [line["event"] for line in lines if line["level"] == "error"] == ["a statement failed", "a request failed"]


def test_libraries_warnings_and_threads_write_no_other_lines(server: ServerProcess, environ: dict[str, str]) -> None:
    text = f"{EMAIL} {CARD} Bearer abc {environ['DATABASE_URL']}"
    assert post(server, "/api/v1/noise", {"text": text}, {"X-Request-Id": "loud"}) == 204
    lines = log_lines(end(server), never=(*SECRETS, environ["DATABASE_URL"], "demo:demo@", "Bearer abc"))
    loud = {line.get("logger", "own"): line for line in lines if line.get("request_id") == "loud"}
    assert set(loud) == {"library", "py.warnings", "own"}
    assert loud["own"]["event"] == "request"
    [crash] = [line for line in lines if line.get("logger") == "uncaught"]
    assert (crash["level"], crash["event"]) == ("critical", "an error in crashing")
    assert "ValueError: [hidden] [hidden] Bearer [hidden] postgresql://[hidden]@" in crash["exception"]
    [own] = [line for line in lines if line["event"] == "a line"]
    assert (own["password"], own["huge"]) == ("[hidden]", 2**70)


def test_a_worker_that_dies_leaves_only_json_lines(server: ServerProcess, kind: str) -> None:
    [worker] = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    os.kill(int(worker), signal.SIGKILL)
    if kind == "granian":
        assert server.process.wait(timeout=30) == 1
    else:
        wait_for(server.ready, "a new worker")
    assert [line for line in log_lines(server.output()) if line["level"] == "error"]
