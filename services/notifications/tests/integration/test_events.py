"""What events do, in whatever order they come."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.messaging.events import MalformedEvent
from shopkit.messaging.processing import Outcome
from shopkit.testing.messaging import Deliver
from shopkit.testing.waiting import wait_for
from tests.integration.world import ORDER, OTHER, SAM, USER, mails_of, make_due, send_all, statuses
from tests.mailserver import MailServer


def test_who_signs_up_is_welcome(deliver: Deliver, database: Database, app: ServiceApp, mails: MailServer) -> None:
    assert deliver("user.registered", SAM) is Outcome.HANDLED
    assert statuses(database) == [("welcome", "pending")]
    send_all(app)
    assert statuses(database) == [("welcome", "sent")]
    [mail] = mails.taken
    assert (mail.sender, mail.recipients) == ("shop@demo.example.com", ["sam@example.com"])
    assert mail.message["Subject"] == "Welcome to Démo Shop"
    assert mail.message["To"] == "Sam Miller <sam@example.com>"


@pytest.mark.parametrize(
    ("key", "more", "told"),
    [
        ("order.confirmed", {}, ("order_confirmed", "is confirmed")),
        ("order.payment_failed", {}, ("payment_failed", "No money was taken")),
        ("order.cancelled", {"refunded": False}, ("order_cancelled", "No money was taken")),
        ("order.cancelled", {"refunded": True}, ("order_cancelled", "We give €39.98 back")),
        ("order.expired", {}, ("order_expired", "not paid in time")),
    ],
)
def test_what_became_of_an_order_is_mailed(
    deliver: Deliver,
    app: ServiceApp,
    mails: MailServer,
    key: str,
    more: dict[str, Any],
    told: tuple[str, str],
) -> None:
    kind, words = told
    deliver("user.updated", SAM)
    event_id = new_id()
    deliver(key, {**ORDER, **more}, event_id=event_id)
    send_all(app)
    assert statuses(app.runtime.database) == [(kind, "sent")]
    [mail] = mails.taken
    assert mail.message["Message-ID"] == f"<{event_id}@demo.example.com>"
    text = mail.message.get_body(("plain",))
    assert text is not None
    assert words in text.get_content()
    assert f"https://demo.example.com/account/orders/{ORDER['order_id']}" in text.get_content()


def test_an_event_takes_effect_once(deliver: Deliver, database: Database, app: ServiceApp, mails: MailServer) -> None:
    deliver("user.updated", SAM)
    event_id = new_id()
    assert deliver("order.confirmed", ORDER, event_id=event_id) is Outcome.HANDLED
    assert deliver("order.confirmed", ORDER, event_id=event_id) is Outcome.DUPLICATE
    send_all(app)
    assert deliver("order.confirmed", ORDER, event_id=event_id) is Outcome.DUPLICATE
    # Even when the inbox of events has forgotten it.
    database.execute("DELETE FROM inbox")
    assert deliver("order.confirmed", ORDER, event_id=event_id) is Outcome.HANDLED
    send_all(app)
    assert statuses(database) == [("order_confirmed", "sent")]
    assert len(mails.taken) == 1


@pytest.mark.parametrize("key", ["user.registered", "user.updated"])
def test_an_order_before_its_user_waits_for_the_address(
    deliver: Deliver, database: Database, app: ServiceApp, mails: MailServer, key: str
) -> None:
    deliver("order.confirmed", ORDER)
    deliver("order.confirmed", {**ORDER, "user_id": OTHER})
    make_due(database)
    send_all(app)
    assert statuses(database) == [("order_confirmed", "pending")] * 2
    deliver(key, SAM)
    send_all(app)
    assert [mail.recipients for mail in mails.taken] == [["sam@example.com"]] * (2 if key == "user.registered" else 1)
    assert database.fetch_row("SELECT count(*) FROM mails WHERE status = 'pending'")["count"] == 1


def test_an_older_address_never_comes_back(deliver: Deliver, database: Database) -> None:
    new = {**SAM, "email": "new@example.com", "name": "New"}
    deliver("user.updated", new)
    database.execute("UPDATE contacts SET as_of = now() + interval '1 hour'")
    deliver("user.registered", SAM)
    assert database.fetch_row("SELECT email, name FROM contacts") == {"email": "new@example.com", "name": "New"}
    assert statuses(database) == [("welcome", "pending")]


def test_a_mail_goes_to_the_address_of_its_time(
    deliver: Deliver, database: Database, app: ServiceApp, mails: MailServer
) -> None:
    deliver("user.registered", SAM)
    deliver("user.updated", {**SAM, "email": "new@example.com"})
    send_all(app)
    assert [mail.recipients for mail in mails.taken] == [["new@example.com"]]


def test_who_is_gone_is_forgotten_for_good(
    deliver: Deliver, database: Database, app: ServiceApp, mails: MailServer
) -> None:
    deliver("user.registered", SAM)
    deliver("order.confirmed", ORDER)
    deliver("user.deleted", {"user_id": USER})
    deliver("order.cancelled", {**ORDER, "refunded": True})
    deliver("user.updated", SAM)
    deliver("user.registered", SAM)
    deliver("user.deleted", {"user_id": USER})
    send_all(app)
    assert mails.taken == []
    assert mails_of(database) == []
    assert database.fetch_all("SELECT * FROM notifications") == []
    [contact] = database.fetch_all("SELECT user_id, email, name, erased_at IS NOT NULL AS erased FROM contacts")
    assert contact == {"user_id": USER, "email": None, "name": None, "erased": True}


def test_an_order_of_somebody_who_is_gone_before_they_came(deliver: Deliver, database: Database) -> None:
    deliver("order.confirmed", ORDER)
    deliver("user.deleted", {"user_id": USER})
    deliver("user.registered", SAM)
    assert mails_of(database) == []


def test_erasing_waits_for_what_is_being_told(deliver: Deliver, database: Database) -> None:
    """Whichever commits first: nothing of the user stays."""
    deliver("user.updated", SAM)
    with database.transaction() as tx:
        tx.execute("SELECT 1 FROM contacts WHERE user_id = %s FOR UPDATE", (USER,))
        threads = [
            threading.Thread(target=deliver, args=("order.confirmed", ORDER)),
            threading.Thread(target=deliver, args=("user.deleted", {"user_id": USER})),
        ]
        for thread in threads:
            thread.start()
        wait_for(lambda: _waiting(database) == 2, "both to wait for the row")
    for thread in threads:
        thread.join()
    assert mails_of(database) == []
    assert database.fetch_row("SELECT email FROM contacts") == {"email": None}


def _waiting(database: Database) -> int:
    found = database.fetch_row(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    count: int = found["count"]
    return count


@pytest.mark.parametrize(
    ("key", "data"),
    [
        ("user.registered", {"user_id": USER, "email": "sam@example.com"}),
        ("order.confirmed", {**ORDER, "total": "much"}),
        ("order.confirmed", {**ORDER, "lines": [{}]}),
    ],
)
def test_what_cannot_be_read_changes_nothing(
    deliver: Deliver, database: Database, key: str, data: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopkit.testing.messaging.check_message", lambda _message: None)
    with pytest.raises(MalformedEvent):
        deliver(key, data)
    assert database.fetch_all("SELECT * FROM inbox") == []
    assert database.fetch_all("SELECT * FROM contacts") == []
