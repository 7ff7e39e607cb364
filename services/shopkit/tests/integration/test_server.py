"""The service as a real process, behind either server."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from shopkit.testing.process import ServerProcess
from shopkit.testing.tokens import Tokens
from shopkit.testing.upstream import FakeUpstream
from shopkit.testing.waiting import wait_for

NOTES = "/api/v1/notes"


@pytest.fixture(params=["granian", "gunicorn"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def users(tokens: Tokens) -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        fake.answer("GET", "/.well-known/jwks.json", 200, tokens.jwks())
        yield fake


@pytest.fixture
def server(environ: dict[str, str], kind: str, users: FakeUpstream, tmp_path: Path) -> Iterator[ServerProcess]:
    variables = {"SERVER": kind, "USERS_URL": users.url, "SHUTDOWN_DRAIN_SECONDS": "0.2"}
    with ServerProcess("demo", {**environ, **variables}, tmp_path / "log") as running:
        yield running


@pytest.fixture
def leisurely(environ: dict[str, str], kind: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server whose drain is long enough for every client to notice it, however busy the machine is."""
    variables = {"SERVER": kind, "SHUTDOWN_DRAIN_SECONDS": "4", "HTTP_THREADS": "8"}
    with ServerProcess("demo", {**environ, **variables}, tmp_path / "log") as running:
        yield running


class Shopper(threading.Thread):
    """Sends requests over one kept connection, until the server lets go of it."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        parts = urlsplit(url)
        self._http = urllib3.HTTPConnectionPool(parts.hostname or "", parts.port, retries=False, timeout=30.0)
        self.statuses: list[int] = []
        self.failure: Exception | None = None

    def run(self) -> None:
        """Send until an answer says `Connection: close`."""
        try:
            while True:
                answer = self._http.request("GET", "/api/v1/sleep?seconds=0.02")
                self.statuses.append(answer.status)
                if answer.headers.get("Connection", "").lower() == "close":
                    return
        except Exception as error:  # noqa: BLE001 - whatever it is, the test reports it
            self.failure = error


def test_a_stop_under_load_fails_no_request(leisurely: ServerProcess) -> None:
    shoppers = [Shopper(leisurely.url) for _ in range(8)]
    for shopper in shoppers:
        shopper.start()
    wait_for(lambda: all(len(shopper.statuses) > 3 for shopper in shoppers), "load")
    leisurely.stop()
    for shopper in shoppers:
        shopper.join(timeout=30)
    assert [shopper.failure for shopper in shoppers] == [None] * 8
    assert {status for shopper in shoppers for status in shopper.statuses} == {200}
    assert leisurely.process.wait(timeout=30) == 0


def test_a_long_request_outlives_the_drain(server: ServerProcess) -> None:
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(server.get("/api/v1/sleep?seconds=1.5").status))
    thread.start()
    wait_for(lambda: "database_pool_in_use 1.0" in metrics(server), "the long request to run")
    server.stop()
    thread.join()
    assert answers == [200]
    assert server.process.wait(timeout=30) == 0


def test_while_it_drains_it_serves_but_is_not_ready(leisurely: ServerProcess) -> None:
    leisurely.stop()
    wait_for(lambda: leisurely.get("/readyz").status == 503, "not ready")
    assert json.loads(leisurely.get("/readyz").data)["detail"] == "the process is shutting down"
    answer = leisurely.get(NOTES)
    assert (answer.status, answer.headers["Connection"]) == (200, "close")


@pytest.mark.parametrize("kind", ["granian"], indirect=True)
def test_no_thread_takes_a_signal_that_the_main_one_would_miss(server: ServerProcess) -> None:
    """All leave the signals that end a worker to the one thread that waits for them."""
    (worker,) = children(server.process.pid)
    threads = list(Path(f"/proc/{worker}/task").iterdir())
    wanted = sum(1 << (number - 1) for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT))
    takers = [int(thread.name) for thread in threads if blocked(thread) & wanted != wanted]
    assert len(threads) > 3
    assert len(takers) == 1
    assert takers != [worker]


def blocked(thread: Path) -> int:
    """Return the mask of the signals that a thread (its folder in /proc) does not take."""
    fields = dict(line.split(":\t") for line in (thread / "status").read_text().splitlines())
    return int(fields["SigBlk"], 16)


def test_afterwards_nobody_listens(server: ServerProcess) -> None:
    server.stop()
    assert server.process.wait(timeout=30) == 0
    with pytest.raises(urllib3.exceptions.NewConnectionError):
        server.get("/livez")


def test_a_request_that_never_ends_does_not_hold_it_up_for_ever(
    environ: dict[str, str], kind: str, tmp_path: Path
) -> None:
    variables = {
        "SERVER": kind,
        "SHUTDOWN_DRAIN_SECONDS": "0",
        "SHUTDOWN_GRACE_SECONDS": "1",
        "DATABASE_STATEMENT_TIMEOUT_SECONDS": "60",
    }
    with ServerProcess("demo", {**environ, **variables}, tmp_path / "log") as server:
        outcome: list[object] = []

        def ask() -> None:
            try:
                outcome.append(server.get("/api/v1/sleep?seconds=60").status)
            except urllib3.exceptions.HTTPError as error:
                outcome.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        wait_for(lambda: "database_pool_in_use 1.0" in metrics(server), "the long request to run")
        server.stop()
        server.process.wait(timeout=30)
        thread.join()
        assert len(outcome) == 1


def test_it_does_not_live_on_without_its_worker(server: ServerProcess, kind: str) -> None:
    [worker] = children(server.process.pid)
    os.kill(worker, signal.SIGKILL)
    if kind == "granian":
        assert server.process.wait(timeout=30) == 1, "the container ends, Kubernetes starts it anew"
    else:
        wait_for(lambda: children(server.process.pid) not in ([], [worker]) and server.ready(), "a new worker")


def test_metrics_are_on_a_port_of_their_own(server: ServerProcess) -> None:
    assert server.get(NOTES).status == 200
    assert server.get("/metrics").status == 404
    text = metrics(server)
    assert 'http_request_duration_seconds_count{method="GET",route="/api/v1/notes",status="200"} 1.0' in text
    assert "process_resident_memory_bytes" in text


def test_background_jobs_run_in_the_worker_and_hold_up_no_stop(server: ServerProcess) -> None:
    run = 'background_run_duration_seconds_count{job="tick",outcome="success"}'
    wait_for(lambda: run in metrics(server), "a run of the job")
    server.stop()
    assert server.process.wait(timeout=30) == 0


def test_what_is_refused_unread_does_not_harm_the_next_request(server: ServerProcess) -> None:
    """The body of a refused request must not be taken for the next one on the same connection."""
    kept = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    kept.request("POST", NOTES, body=b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    refused = kept.getresponse()
    assert (refused.status, len(refused.read()) > 0) == (401, True)
    kept.request("GET", "/nowhere")
    assert kept.getresponse().status == 404
    kept.close()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(server: ServerProcess, tokens: Tokens, *, chunked: bool) -> None:
    pool = urllib3.PoolManager(retries=False, timeout=10.0)
    headers = {**tokens.user(), "Content-Type": "application/json"}
    body = b'{"text": "' + b"a" * 2_000_000 + b'"}'
    answer = pool.request("POST", server.url + NOTES, body=body, headers=headers, chunked=chunked)
    assert (answer.status, answer.headers["Content-Type"]) == (413, "application/problem+json")


def test_tokens_are_checked_by_the_keys_of_users(server: ServerProcess, tokens: Tokens, users: FakeUpstream) -> None:
    pool = urllib3.PoolManager(retries=False, timeout=10.0)
    for _ in range(3):
        answer = pool.request("POST", server.url + NOTES, json={"text": "a"}, headers=tokens.user())
        assert answer.status == 201
    assert [request.path for request in users.received] == ["/.well-known/jwks.json"]


def metrics(server: ServerProcess) -> str:
    """Return what a scrape finds."""
    return urllib3.PoolManager(retries=False, timeout=10.0).request("GET", server.metrics_url).data.decode()


def children(pid: int) -> list[int]:
    """Return the child processes of a process."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
