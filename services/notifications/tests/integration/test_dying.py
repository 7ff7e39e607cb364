"""A sender that is killed by SIGKILL at any boundary of a mail, on a real PostgreSQL and a real mail server."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.testing.messaging import Deliver
from shopkit.testing.process import subprocess_environ
from tests.integration import doomed
from tests.integration.world import SAM, mails_of, make_due, send_all, statuses
from tests.mailserver import MailServer

BOUNDARIES = [f"{when} {name}" for _, name in doomed.STEPS for when in ("before", "after")]
# The server has taken the mail, and nobody could note it.
TWICE = {"after _finish", "before sent"}


def run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(Path(doomed.__file__)), *arguments]
    variables = subprocess_environ({**environ, "LOG_LEVEL": "ERROR"})
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("fatal", range(len(BOUNDARIES)), ids=BOUNDARIES)
def test_a_mail_whose_sender_is_killed_arrives(
    app: ServiceApp, environ: dict[str, str], deliver: Deliver, mails: MailServer, fatal: int
) -> None:
    database = app.runtime.database
    deliver("user.registered", SAM)
    died = run(environ, str(fatal))
    assert died.returncode == -signal.SIGKILL, died.stderr
    send_all(app)
    at_once = statuses(database)
    make_due(database)  # its time is over
    send_all(app)
    assert statuses(database) == [("welcome", "sent")]
    # Before its time is over nobody else takes up what somebody has taken up.
    assert at_once == [("welcome", "sent" if BOUNDARIES[fatal] in ("before claim", "after sent") else "pending")]
    assert len(mails.taken) == (2 if BOUNDARIES[fatal] in TWICE else 1)
    assert len({mail.content for mail in mails.taken}) == 1


def test_these_are_all_boundaries(
    environ: dict[str, str], database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.registered", SAM)
    lived = run(environ)
    # The last claim finds nothing more.
    assert lived.stderr.splitlines() == [*BOUNDARIES, "before claim", "after claim"]
    assert len(mails.taken) == 1


def test_a_mail_whose_senders_are_killed_again_and_again_is_sent_twice_at_most(
    app: ServiceApp, environ: dict[str, str], deliver: Deliver, mails: MailServer
) -> None:
    database = app.runtime.database
    deliver("user.registered", SAM)
    for _ in range(3):
        run(environ, str(BOUNDARIES.index("after _finish")))
        make_due(database)
    send_all(app)
    assert len(mails.taken) == 2
    [mail] = mails_of(database)
    assert (mail["status"], mail["handovers"]) == ("failed", 2)
