"""A component in the worker process of a real server."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from shopkit.testing.postgres import free_port
from shopkit.testing.process import ServerProcess


@pytest.fixture(params=["granian", "gunicorn"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def said(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        return line.recv(100)


def test_it_runs_with_the_process_and_ends_with_it(kind: str, tmp_path: Path) -> None:
    port = free_port()
    variables = {"SERVER": kind, "LINE_PORT": str(port), "SHUTDOWN_DRAIN_SECONDS": "0.1"}
    with ServerProcess("leaflet", variables, tmp_path / "log") as server:
        assert said(port) == b"hello\n"
        assert server.get("/").data == b"<p>hello</p>"
        server.stop()
        assert server.process.wait(timeout=30) == 0
        with pytest.raises(ConnectionRefusedError):
            said(port)
        assert server.output() == ""


def test_one_that_cannot_start_ends_the_process(kind: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        variables = {"SERVER": kind, "LINE_PORT": str(taken.getsockname()[1])}
        with (
            pytest.raises(RuntimeError, match="the server ended with") as caught,
            ServerProcess("leaflet", variables, tmp_path / "log"),
        ):
            pass
        assert "Address already in use" in str(caught.value)
