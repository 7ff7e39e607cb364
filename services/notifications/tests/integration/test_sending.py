"""The sender: what becomes of a mail, whatever the mail server does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import psycopg2
import pytest
from psycopg2.extras import Json

from notifications.postbox import Postbox
from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.messaging import Deliver
from shopkit.testing.waiting import wait_for
from tests.integration.world import ORDER, OTHER, SAM, USER, Replica, job, mails_of, make_due, send_all, statuses
from tests.mailserver import MailServer

P = ParamSpec("P")
T = TypeVar("T")
pytestmark = pytest.mark.usefixtures("mails")


def metric(app: ServiceApp, name: str, **labels: str) -> float:
    return app.runtime.metrics.registry.get_sample_value(name, labels) or 0.0


def due_in(database: Database) -> float:
    found = database.fetch_row("SELECT extract(epoch FROM next_attempt_at - now())::float8 AS seconds FROM mails")
    seconds: float = found["seconds"]
    return seconds


def test_nothing_to_send(app: ServiceApp, database: Database, mails: MailServer) -> None:
    assert job(app, "send-mails").work() is False
    assert mails.connections == 0


def test_many_mails_are_one_conversation(
    app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.registered", SAM)
    for _ in range(4):
        deliver("order.confirmed", ORDER)
    send_all(app)
    assert len(mails.taken) == 5
    assert len({mail.message["Message-ID"] for mail in mails.taken}) == 5
    assert mails.connections == 1
    deliver("order.confirmed", ORDER)
    send_all(app)
    assert mails.connections == 2


def test_a_refused_mail_is_given_up_and_holds_up_no_other(
    app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.registered", SAM)
    deliver("order.confirmed", ORDER)
    mails.replies = {"RCPT": ["550 5.1.1 <sam@example.com> is unknown"]}
    send_all(app)
    first, second = mails_of(database)
    assert (first["status"], first["reason"], first["attempts"]) == ("failed", "RCPT: 550 5.1.1 <…> is unknown", 1)
    assert (second["status"], second["reason"]) == ("sent", None)
    make_due(database)
    send_all(app)
    assert len(mails.taken) == 1


def test_a_deferred_mail_is_tried_again_later_and_later(
    app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.registered", SAM)
    mails.replies = {"RCPT": ["450 4.2.1 greylisted"], "END": ["451 4.3.0 busy"]}
    send_all(app)
    assert 4 < due_in(database) <= 10
    make_due(database)
    send_all(app)
    assert 9 < due_in(database) <= 20
    [mail] = mails_of(database)
    assert mail == {
        "kind": "welcome", "status": "pending", "attempts": 2, "handovers": 0,
        "reason": "end of the mail: 451 4.3.0 busy",
    }  # fmt: skip
    make_due(database)
    send_all(app)
    [mail] = mails_of(database)
    assert mail == {"kind": "welcome", "status": "sent", "attempts": 3, "handovers": 1, "reason": None}
    assert len(mails.taken) == 1


def test_a_mail_is_given_up_after_the_last_attempt(
    replica: Replica, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.registered", SAM)
    impatient = replica(MAIL_ATTEMPTS="3")
    mails.replies = {"RCPT": ["450 4.2.1 no"] * 9}
    for _ in range(4):
        make_due(database)
        send_all(impatient)
    [mail] = mails_of(database)
    assert (mail["status"], mail["attempts"]) == ("failed", 3)
    assert mail["reason"] == "given up after 3 attempts, the last one: RCPT: 450 4.2.1 no"
    assert metric(impatient, "mail_attempts_total", kind="welcome", outcome="deferred") == 3


def test_a_server_that_is_not_there_loses_nothing(
    replica: Replica, app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.registered", SAM)
    lost = replica(SMTP_URL="smtp://127.0.0.1:9")
    # It is not called for every mail in a row.
    assert job(lost, "send-mails").work() is False
    [mail] = mails_of(database)
    assert mail["status"] == "pending"
    assert "ConnectionRefusedError" in mail["reason"]
    make_due(database)
    send_all(app)
    assert len(mails.taken) == 1


def test_a_server_that_ends_the_conversation_between_mails_is_called_again(
    app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    for _ in range(2):
        deliver("user.updated", SAM)
        deliver("order.confirmed", ORDER)
    assert job(app, "send-mails").work()
    mails.breaks = "MAIL"
    send_all(app)
    assert len(mails.taken) == 2
    assert mails.connections == 2
    assert [mail["attempts"] for mail in mails_of(database)] == [1, 1]


def test_a_mail_in_doubt_is_sent_once_more_and_is_the_same(
    app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.registered", SAM)
    mails.breaks = "END"
    send_all(app)
    [mail] = mails_of(database)
    assert (mail["status"], mail["handovers"]) == ("pending", 1)
    make_due(database)
    send_all(app)
    assert statuses(database) == [("welcome", "sent")]
    first, second = mails.taken
    assert first == second


def test_a_mail_in_doubt_twice_is_not_sent_a_third_time(
    app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.registered", SAM)
    for _ in range(4):
        mails.breaks = "END"
        make_due(database)
        send_all(app)
    [mail] = mails_of(database)
    assert (mail["status"], mail["handovers"]) == ("failed", 2)
    assert "2 times and never said" in mail["reason"]
    assert len(mails.taken) == 2


def test_an_address_that_is_none_is_given_up(
    app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.registered", {**SAM, "email": "sam@example.com\r\nRCPT TO:<eve@example.com>"})
    send_all(app)
    [mail] = mails_of(database)
    assert (mail["status"], mail["reason"]) == ("failed", "address: the address is not a mail address")
    assert mails.taken == []


def test_a_mail_that_cannot_be_made_holds_up_no_other(
    app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.updated", SAM)
    deliver("order.confirmed", ORDER)
    deliver("order.confirmed", ORDER)
    first = database.fetch_row("SELECT id FROM notifications ORDER BY id LIMIT 1")["id"]
    database.execute("UPDATE notifications SET data = %s WHERE id = %s", (Json({"order_id": first}), first))
    send_all(app)
    broken, fine = mails_of(database)
    assert (broken["status"], broken["reason"]) == ("pending", "template: KeyError")
    assert fine["status"] == "sent"


def test_who_leaves_while_their_mail_is_under_way_does_not_get_it(
    app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("user.registered", SAM)
    monkeypatch.setattr(
        Postbox, "hand_over", before(Postbox.hand_over, lambda: deliver("user.deleted", {"user_id": USER}))
    )
    send_all(app)
    assert mails.taken == []


def test_a_sender_that_is_too_slow_leaves_the_mail_to_another(
    app: ServiceApp,
    replica: Replica,
    database: Database,
    deliver: Deliver,
    mails: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deliver("user.registered", SAM)
    other = replica()
    hand_over = Postbox.hand_over

    def overtaken() -> None:
        monkeypatch.setattr(Postbox, "hand_over", hand_over)
        make_due(database)
        send_all(other)

    monkeypatch.setattr(Postbox, "hand_over", before(hand_over, overtaken))
    send_all(app)
    assert len(mails.taken) == 1
    assert statuses(database) == [("welcome", "sent")]


def test_what_was_sent_while_the_database_was_away_is_noted_later(
    app: ServiceApp, database: Database, deliver: Deliver, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver("user.registered", SAM)

    def away() -> None:
        raise psycopg2.OperationalError("the database is away")

    with monkeypatch.context() as patched:
        patched.setattr(Postbox, "sent", before(Postbox.sent, away))
        for _ in range(3):
            with pytest.raises(psycopg2.OperationalError):
                job(app, "send-mails").work()
    make_due(database)
    send_all(app)
    assert len(mails.taken) == 1
    assert statuses(database) == [("welcome", "sent")]


def test_several_senders_send_each_mail_once(
    replica: Replica, database: Database, deliver: Deliver, mails: MailServer
) -> None:
    deliver("user.updated", SAM)
    for _ in range(60):
        deliver("order.confirmed", ORDER)
    senders = [replica() for _ in range(3)]
    threads = [threading.Thread(target=send_all, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Who found nothing due may have left while others were at work.
    wait_for(lambda: set(statuses(database)) == {("order_confirmed", "sent")}, "all to be sent")
    assert len(mails.taken) == 60
    assert len({mail.message["Message-ID"] for mail in mails.taken}) == 60


def test_what_waits_is_measured(app: ServiceApp, database: Database, deliver: Deliver) -> None:
    measure = job(app, "measure-mails").work
    measure()
    assert metric(app, "mails_oldest_seconds") == 0
    deliver("user.registered", SAM)
    deliver("order.confirmed", {**ORDER, "user_id": OTHER}, event_id=new_id())
    database.execute("UPDATE notifications SET created_at = now() - interval '1 minute' WHERE kind = 'welcome'")
    measure()
    assert metric(app, "mails_pending", waiting_for="server") == 1
    assert metric(app, "mails_pending", waiting_for="address") == 1
    assert 60 <= metric(app, "mails_oldest_seconds") < 90


def before(method: Callable[P, T], then: Callable[[], object]) -> Callable[P, T]:
    """Return the method with something that happens first."""

    def called(*arguments: P.args, **named: P.kwargs) -> T:
        then()
        return method(*arguments, **named)

    return called
