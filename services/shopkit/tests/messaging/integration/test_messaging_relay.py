"""From the outbox to the broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.testing.messaging import Published, check_message
from shopkit.testing.proxy import Proxy
from shopkit.testing.rabbitmq import Broker, running
from shopkit.testing.waiting import wait_for

Count = Callable[..., int]
Effects = Callable[[], dict[str, int]]


def is_empty(database: Database) -> bool:
    """Whether the broker has confirmed every event."""
    return database.fetch_all("SELECT id FROM outbox") == []


def test_an_event_is_written_with_the_change(messenger: Any, published: Published) -> None:
    note_id = messenger.keep("one")
    assert published.keys() == ["note.kept"]
    assert published.of("note.kept") == [{"note_id": note_id, "text": "one"}]


def test_a_change_that_is_rolled_back_tells_nothing(messenger: Any, published: Published) -> None:
    def fail() -> None:
        with messenger.database.transaction() as tx:
            messenger.keep_in(tx, "one")
            raise LookupError("no")

    with pytest.raises(LookupError):
        fail()
    assert published.messages() == []


def test_an_event_that_the_broker_would_not_take_fails_its_change(messenger: Any, published: Published) -> None:
    with pytest.raises(ValueError, match=r"note\.kept\.v1 has 600\d+ bytes; at most 524288 can be published"):
        messenger.keep("é" * 300_000)
    assert published.messages() == []


def test_events_reach_the_broker_as_their_schemas_say(
    app: ServiceApp, messenger: Any, broker: Broker, count: Count
) -> None:
    with running(app):
        ids = [messenger.keep(f"note {n}") for n in range(3)]
        wait_for(lambda: count("events_published_total") == 3, "three confirmed events")
    heard = broker.heard()
    assert sorted(message["data"]["note_id"] for message in heard) == sorted(ids)
    assert {message["source"] for message in heard} == {"/shops/demo/messenger"}
    for message in heard:
        check_message(message)
    assert is_empty(messenger.database)


def test_events_wait_for_a_broker_that_is_down_and_arrive_once(
    app: ServiceApp, messenger: Any, broker: Broker, broker_proxy: Proxy, count: Count, effects: Effects
) -> None:
    broker_proxy.down()
    with running(app):
        for n in range(5):
            messenger.keep(f"note {n}")
        wait_for(lambda: count("outbox_relay_failures_total", cause="broker") >= 2, "attempts in vain")
        wait_for(lambda: count("outbox_events") == 5, "the gauge to show what waits")
        assert broker.heard() == []
        broker_proxy.up()
        wait_for(lambda: count("events_consumed_total", outcome="handled") == 5, "all to take effect")
        wait_for(lambda: count("outbox_events") == 0, "the gauge to show that nothing waits")
    assert effects() == {f"note {n}": 1 for n in range(5)}
    assert len(broker.heard()) == 5


def test_a_broker_that_is_lost_under_way_is_found_again(
    app: ServiceApp, messenger: Any, broker: Broker, broker_proxy: Proxy, count: Count, effects: Effects
) -> None:
    with running(app):
        messenger.keep("before")
        wait_for(lambda: count("events_consumed_total", outcome="handled") == 1, "the first to take effect")
        broker_proxy.down()
        messenger.keep("while it is away")
        broker_proxy.up()
        wait_for(lambda: count("events_consumed_total", outcome="handled") == 2, "the second to take effect")
    assert effects() == {"before": 1, "while it is away": 1}


def test_an_event_whose_confirmation_is_lost_comes_twice_and_takes_effect_once(
    app: ServiceApp, messenger: Any, broker: Broker, broker_proxy: Proxy, count: Count, effects: Effects
) -> None:
    with running(app):
        wait_for(lambda: count("broker_publisher_connected") == 1, "the relay to be connected")
        broker_proxy.mute()
        messenger.keep("one")
        first = wait_for(broker.heard, "the broker to have the event")
        broker_proxy.down()
        broker_proxy.up()
        second = wait_for(broker.heard, "the broker to have it again")
        wait_for(lambda: count("events_consumed_total", outcome="duplicate") == 1, "the duplicate to be noticed")
    assert [message["id"] for message in first] == [message["id"] for message in second]
    assert effects() == {"one": 1}
    assert is_empty(messenger.database)


def test_what_is_committed_while_the_process_takes_leave_is_published(
    app: ServiceApp, messenger: Any, broker: Broker, count: Count
) -> None:
    with running(app):
        wait_for(lambda: count("broker_publisher_connected") == 1, "the relay to be connected")
        for n in range(300):
            messenger.keep(f"note {n}")
    assert is_empty(messenger.database)
    assert len(broker.heard()) == 300


def test_a_fault_of_ours_stops_the_relay_only_for_a_while(
    app: ServiceApp, messenger: Any, broker: Broker, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_row: Any) -> str:
        monkeypatch.undo()
        raise KeyError("a fault")

    monkeypatch.setattr("shopkit.messaging.relay.routing_key", fail)
    with running(app):
        messenger.keep("one")
        wait_for(lambda: count("events_published_total") == 1, "the event to be published")
    assert count("outbox_relay_failures_total", cause="relay") == 1
    assert len(broker.heard()) == 1


def test_two_relays_share_the_work(app: ServiceApp, messenger: Any, broker: Broker, count: Count) -> None:
    for n in range(500):
        messenger.keep(f"note {n}")
    with running(app), running(app):
        wait_for(lambda: count("events_published_total") == 500, "all to be confirmed")
    assert sorted(message["data"]["text"] for message in broker.heard()) == sorted(f"note {n}" for n in range(500))
