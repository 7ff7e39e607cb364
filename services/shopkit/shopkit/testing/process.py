"""A service as a real server process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import urllib3

from shopkit.testing.postgres import free_port
from shopkit.testing.waiting import wait_for

_INSTALLED = (sys.prefix, sys.base_prefix)


def subprocess_environ(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a real process in a test: it finds the modules that the tests find."""
    path = os.pathsep.join(entry for entry in sys.path if entry and not entry.startswith(_INSTALLED))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": path, **variables}


class ServerProcess:
    """``python -m shopkit serve <service>``; use it as a context manager, which waits until it is ready.

    Args:
        name: the service.
        environ: its environment; the ports are chosen here.
        log: file that gets what it prints.
        port: where it listens; one that is free unless given.

    Attributes:
        url: base URL.
        metrics_url: URL of the metrics.
    """

    def __init__(self, name: str, environ: Mapping[str, str], log: Path, port: int | None = None) -> None:
        port, metrics_port = port or free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.metrics_url = f"http://127.0.0.1:{metrics_port}/metrics"
        self._command = [sys.executable, "-m", "shopkit", "serve", name]
        self._environ = {**environ, "HTTP_PORT": str(port), "METRICS_PORT": str(metrics_port)}
        self._log = log
        self._http = urllib3.PoolManager(retries=False, timeout=10.0)

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        """GET a path."""
        return self._http.request("GET", self.url + path)

    def ready(self) -> bool:
        """Tell whether `/readyz` says so. Raises RuntimeError when the process has ended."""
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self._log.read_text()}")
        try:
            return self.get("/readyz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def stop(self) -> None:
        """Send SIGTERM to the first process, as Kubernetes does."""
        self.process.send_signal(signal.SIGTERM)

    def output(self) -> str:
        """Return what was printed so far."""
        return self._log.read_text()

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            # A session of its own: whatever it leaves behind can be ended as a group.
            self.process = subprocess.Popen(
                self._command,
                env=subprocess_environ(self._environ),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_for(self.ready, "the server to be ready")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._http.clear()
