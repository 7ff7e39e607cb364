"""The service as a real process between a real broker, a real PostgreSQL and a real mail server."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.process import ServerProcess
from shopkit.testing.rabbitmq import Broker, role_url
from shopkit.testing.waiting import wait_for
from tests.integration.world import ORDER, SAM, USER, make_due, statuses
from tests.mailserver import MailServer

FAST = {"MAIL_POLL_SECONDS": "0.05", "SHUTDOWN_DRAIN_SECONDS": "0"}


@pytest.fixture
def real_environ(environ: dict[str, str], broker: Broker) -> dict[str, str]:
    """Environment of a process that talks to the broker with the rights that it has in a shop."""
    return {**environ, **FAST, "AMQP_URL": role_url(broker.url, "notifications")}


def settled(database: Database, count: int) -> bool:
    found = statuses(database)
    return len(found) == count and all(status != "pending" for _, status in found)


def test_events_become_mails(
    database: Database, broker: Broker, real_environ: dict[str, str], mails: MailServer, tmp_path: Path
) -> None:
    with ServerProcess("notifications", real_environ, tmp_path / "log"):
        # The order is there first: its mail waits for the address.
        confirmed = broker.publish("order.confirmed", ORDER)
        wait_for(lambda: statuses(database) == [("order_confirmed", "pending")], "the order to be noted")
        broker.publish("user.registered", SAM)
        wait_for(lambda: settled(database, 2), "both mails to be sent")
        broker.publish("order.confirmed", ORDER, event_id=confirmed)
        broker.publish("user.deleted", {"user_id": USER})
        wait_for(lambda: statuses(database) == [], "the user to be forgotten")
    assert sorted(mail.message["Subject"] for mail in mails.taken) == [
        "Welcome to Démo Shop",
        "Your order of €39.98 is confirmed",
    ]
    assert broker.count("dead") == 0


def test_a_broken_event_is_put_aside_and_holds_up_no_other(
    database: Database, broker: Broker, real_environ: dict[str, str], mails: MailServer, tmp_path: Path
) -> None:
    with ServerProcess("notifications", real_environ, tmp_path / "log") as server:
        broker.send("shop.events", "user.registered", b'{"email": "sam@example.com"')
        broker.publish("user.registered", SAM)
        wait_for(lambda: settled(database, 1), "the mail to be sent")
        wait_for(lambda: broker.count("dead") == 1, "the broken event to be put aside")
        assert "sam@" not in server.output()
    assert len(mails.taken) == 1


def test_killed_again_and_again_it_tells_everybody_once(
    database: Database, broker: Broker, real_environ: dict[str, str], mails: MailServer, tmp_path: Path
) -> None:
    """SIGKILL at moments of chance: each event takes effect once, no mail is lost, none is sent a third time."""
    users = [new_id() for _ in range(60)]
    expected = {broker.publish("user.registered", {**SAM, "user_id": user}) for user in users}
    for kill in range(1, 6):
        with ServerProcess("notifications", real_environ, tmp_path / f"log{kill}") as server:
            wait_for(lambda: len(mails.taken) >= 10 * kill, "some mails to be sent")  # noqa: B023 - used at once
            os.killpg(server.process.pid, signal.SIGKILL)
    with ServerProcess("notifications", real_environ, tmp_path / "last"):
        wait_for(lambda: len(statuses(database)) == len(users), "all events to take effect")

        def all_settled() -> bool:
            make_due(database)  # what was taken up by one that was killed is due when its time is over
            return settled(database, len(users))

        wait_for(all_settled, "all mails to be settled")
    assert {kind for kind, _ in statuses(database)} == {"welcome"}
    ids = [str(mail.message["Message-ID"]).strip("<>").partition("@")[0] for mail in mails.taken]
    assert set(ids) == expected
    # At most the one mail that was under way at each kill is there twice.
    assert len(ids) - len(set(ids)) <= 5
    assert max(ids.count(mail_id) for mail_id in set(ids)) <= 2
