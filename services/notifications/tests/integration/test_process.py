"""The service as a real process, sending to the real sink."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.testing.messaging import Deliver
from shopkit.testing.process import ServerProcess
from shopkit.testing.waiting import wait_for
from tests.integration.world import ORDER, SAM, statuses
from tests.sinkprocess import SinkProcess


@pytest.fixture(scope="module")
def sink() -> Iterator[SinkProcess]:
    """The sink of this module."""
    with SinkProcess() as process:
        yield process


@pytest.fixture(scope="module")
def extra_environ(extra_environ: dict[str, str], sink: SinkProcess) -> dict[str, str]:
    """The mail server is the sink."""
    return {**extra_environ, "SMTP_URL": f"smtp://127.0.0.1:{sink.smtp_port}", "MAIL_POLL_SECONDS": "0.05"}


def test_mails_are_sent_and_no_log_names_anybody(
    app: ServiceApp, environ: dict[str, str], deliver: Deliver, sink: SinkProcess, tmp_path: Path
) -> None:
    database: Database = app.runtime.database
    deliver("user.registered", SAM)
    deliver("order.confirmed", ORDER)
    deliver("user.registered", {**SAM, "user_id": ORDER["order_id"], "email": "Eve Adams <eve@example.com>"})
    process = ServerProcess("notifications", {**environ, "LOG_LEVEL": "DEBUG"}, tmp_path / "log")
    with process as server:
        wait_for(lambda: "pending" not in dict(statuses(database)).values(), "all mails to be settled")
        wait_for(lambda: server.output().count("a mail ") == 3, "the log of three mails")
        server.stop()
        assert server.process.wait(30) == 0
    assert sorted(statuses(database)) == [("order_confirmed", "sent"), ("welcome", "failed"), ("welcome", "sent")]
    found = sink.mails("sam@example.com")
    assert sorted(mail["subject"] for mail in found) == ["Welcome to Démo Shop", "Your order of €39.98 is confirmed"]
    [confirmation] = [mail for mail in found if "confirmed" in mail["subject"]]
    assert "Lamp at €19.99: €39.98" in sink.mail(confirmation["id"])["text"]
    output = server.output()
    for personal in ("sam@", "eve@", "example.com", "Miller", "Adams", "Lamp"):
        assert personal not in output
