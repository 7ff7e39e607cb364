"""The sink as a real process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

import urllib3

from shopkit.testing.postgres import free_port
from shopkit.testing.process import subprocess_environ
from shopkit.testing.waiting import wait_for


class SinkProcess:
    """``python -m notifications.sink``; use it as a context manager, which waits until it answers.

    Args:
        changed: further environment variables.

    Attributes:
        url: of its pages.
        smtp_port: where it takes mails.
    """

    def __init__(self, **changed: str) -> None:
        self.smtp_port, http_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{http_port}"
        self._environ = {"SINK_SMTP_PORT": str(self.smtp_port), "SINK_HTTP_PORT": str(http_port), **changed}
        self._http = urllib3.PoolManager(retries=False, timeout=10.0)

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        """GET a path."""
        return self._http.request("GET", self.url + path)

    def mails(self, to: str) -> list[dict[str, Any]]:
        """Return the mails to an address, the newest first."""
        answer = self._http.request("GET", f"{self.url}/api/mails", fields={"to": to})
        found: list[dict[str, Any]] = json.loads(answer.data)["items"]
        return found

    def mail(self, mail_id: str) -> dict[str, Any]:
        """Return a mail with its bodies."""
        found: dict[str, Any] = json.loads(self.get(f"/api/mails/{mail_id}").data)
        return found

    def stop(self) -> tuple[int, str]:
        """Send SIGTERM; return the exit status and what was printed."""
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=30)
        return self.process.returncode, output

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "notifications.sink"],
            env=subprocess_environ({**self._environ, "PYTHONUNBUFFERED": "1"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            wait_for(self._answers, "the sink to answer")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(f"the sink ended:\n{self.process.communicate()[0]}")
        try:
            return self.get("/livez").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def _end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        self._http.clear()
