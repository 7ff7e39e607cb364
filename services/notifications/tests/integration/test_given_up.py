"""The command for mails that were given up."""

from __future__ import annotations

import json

import pytest

from notifications.mails import main
from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.messaging import Deliver
from tests.integration.world import ORDER, SAM, USER, make_due, send_all, statuses
from tests.mailserver import MailServer


def fail_two(app: ServiceApp, deliver: Deliver, mails: MailServer) -> tuple[str, str]:
    """Have one mail refused, and one in doubt twice; return their ids."""
    refused, doubtful = new_id(), new_id()
    deliver("user.registered", SAM, event_id=refused)
    mails.replies = {"RCPT": ["554 5.7.1 sam@example.com: relay access denied"]}
    send_all(app)
    deliver("order.confirmed", ORDER, event_id=doubtful)
    for _ in range(2):
        mails.breaks = "END"
        make_due(app.runtime.database)
        send_all(app)
    return refused, doubtful


def test_they_are_listed_without_addresses(
    app: ServiceApp,
    database: Database,
    environ: dict[str, str],
    deliver: Deliver,
    mails: MailServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refused, doubtful = fail_two(app, deliver, mails)
    capsys.readouterr()
    assert main(["failed"], environ) == 0
    output = capsys.readouterr().out
    first, second = [json.loads(line) for line in output.splitlines()]
    assert (first["id"], first["kind"], first["user_id"], first["attempts"]) == (refused, "welcome", USER, 1)
    assert first["reason"] == "RCPT: 554 5.7.1 …: relay access denied"
    assert (second["id"], second["kind"]) == (doubtful, "order_confirmed")
    assert "sam@example.com" not in output


@pytest.mark.usefixtures("database")
def test_all_are_sent_again_but_those_that_may_have_arrived(
    app: ServiceApp, environ: dict[str, str], deliver: Deliver, mails: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    _, doubtful = fail_two(app, deliver, mails)
    assert len(mails.taken) == 2
    assert main(["retry", "--all"], environ) == 0
    assert capsys.readouterr().out.endswith("1 mails are sent again\n")
    send_all(app)
    assert statuses(app.runtime.database) == [("welcome", "sent"), ("order_confirmed", "failed")]
    assert len(mails.taken) == 3
    assert main(["retry", "--id", doubtful], environ) == 0
    send_all(app)
    assert statuses(app.runtime.database) == [("welcome", "sent"), ("order_confirmed", "sent")]
    assert main(["retry", "--id", doubtful], environ) == 1
    send_all(app)
    assert len(mails.taken) == 4


@pytest.mark.parametrize("arguments", [[], ["retry"], ["retry", "--id", "x"], ["retry", "--all", "--id", USER]])
def test_a_wrong_command_changes_nothing(environ: dict[str, str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments, environ)


def test_a_database_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["failed"], {}) == 2
    assert "DATABASE_URL is not set" in capsys.readouterr().err
    assert main(["failed"], {"DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:9/x"}) == 2
    error = capsys.readouterr().err
    assert "Connection refused" in error
    assert "secret" not in error
