"""From the broker to the handlers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from psycopg2.errors import DeadlockDetected

from shopkit import context
from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.messaging.consumer import Refused
from shopkit.messaging.topology import EXCHANGE
from shopkit.testing.messaging import make_message
from shopkit.testing.proxy import Proxy
from shopkit.testing.rabbitmq import Broker, running
from shopkit.testing.waiting import wait_for

Count = Callable[..., int]
Effects = Callable[[], dict[str, int]]


def note(text: str) -> dict[str, str]:
    """Data of an event."""
    return {"note_id": new_id(), "text": text}


def raiser(*errors: Exception | None) -> Callable[[Any], None]:
    """Return a function that raises these errors, one for each call; the last one is not used up."""
    left = list(errors)

    def act(_event: Any) -> None:
        error = left.pop(0) if len(left) > 1 else left[0]
        if error is not None:
            raise error

    return act


def test_an_event_takes_effect_once_however_often_it_comes(
    app: ServiceApp, messenger: Any, broker: Broker, count: Count, effects: Effects
) -> None:
    data = note("one")
    with running(app):
        event_id = broker.publish("note.kept", data)
        broker.publish("note.kept", data, event_id=event_id)
        broker.publish("note.kept", note("another"))
        wait_for(lambda: count("events_consumed_total") == 3, "three events")
    assert effects() == {"one": 1, "another": 1}
    assert count("events_consumed_total", outcome="duplicate") == 1
    assert broker.count("events") == 0


def test_a_handler_that_fails_twice_is_tried_a_third_time(
    app: ServiceApp, messenger: Any, broker: Broker, count: Count, effects: Effects
) -> None:
    messenger.after = raiser(ValueError("first"), DeadlockDetected("second"), None)
    with running(app):
        broker.publish("note.kept", note("one"))
        wait_for(lambda: count("events_consumed_total", outcome="handled") == 1, "the third attempt")
    assert count("events_consumed_total", outcome="retry") == 2
    assert effects() == {"one": 1}
    assert broker.count("dead") == 0


def test_an_event_that_always_fails_becomes_a_dead_letter_that_says_why(
    app: ServiceApp, messenger: Any, broker: Broker, count: Count, effects: Effects
) -> None:
    messenger.after = raiser(ValueError("anna@example.com"))
    with running(app):
        event_id = broker.publish("note.kept", note("one"))
        wait_for(lambda: count("events_consumed_total", outcome="dead") == 1, "the last attempt")
        messenger.after = raiser(None)
        broker.publish("note.kept", note("two"))
        wait_for(lambda: count("events_consumed_total", outcome="handled") == 1, "the next event")
    assert count("events_consumed_total", outcome="retry") == 3
    assert effects() == {"two": 1}
    [(headers, body)] = broker.take("dead")
    assert json.loads(body)["id"] == event_id
    assert headers["x-attempt"] == 4
    assert str(headers["x-reason"]).startswith("ValueError at test_messaging_consumer.py:")


def test_an_event_that_is_refused_is_a_dead_letter_at_once(
    app: ServiceApp, messenger: Any, broker: Broker, count: Count, effects: Effects
) -> None:
    messenger.before = raiser(Refused("it is of no shop that exists"))
    with running(app):
        broker.publish("note.kept", note("one"))
        wait_for(lambda: count("events_consumed_total", outcome="dead") == 1, "the event to be refused")
    [(headers, _)] = broker.take("dead")
    assert (headers["x-reason"], headers["x-attempt"]) == ("it is of no shop that exists", 1)
    assert effects() == {}


def test_what_is_no_event_is_a_dead_letter_and_stops_nobody(
    app: ServiceApp, messenger: Any, broker: Broker, count: Count, effects: Effects
) -> None:
    wrong = {**make_message("note.kept", {"text": "one"}), "id": "no id"}
    with running(app):
        broker.send(EXCHANGE, "note.kept", b"\xff{")
        broker.send(EXCHANGE, "note.kept", json.dumps(wrong).encode())
        broker.send(EXCHANGE, "note.kept", json.dumps({**wrong, "data": note("x")}).encode())
        broker.publish("note.kept", note("fine"))
        wait_for(lambda: count("events_consumed_total") == 4, "four messages")
    reasons = sorted(str(headers["x-reason"]) for headers, _ in broker.take("dead"))
    assert reasons[0] == "the event does not fit Note: note_id: missing"
    assert reasons[1] == "the event's id is no UUID"
    assert reasons[2].startswith("the message is not JSON")
    assert effects() == {"fine": 1}


def test_an_event_of_a_newer_release_comes_again_later(
    app: ServiceApp, messenger: Any, broker: Broker, count: Count
) -> None:
    newer = {**make_message("note.kept", note("one")), "type": "dev.shopkeeper.note.kept.v2"}
    with running(app):
        broker.send(EXCHANGE, "note.kept", json.dumps(newer).encode())
        wait_for(lambda: count("events_consumed_total", outcome="retry") >= 1, "the first attempt")
        wait_for(lambda: count("events_consumed_total", outcome="dead") == 1, "the last attempt")
    [(headers, _)] = broker.take("dead")
    assert headers["x-reason"] == "there is no handler for dev.shopkeeper.note.kept.v2"


def test_events_wait_for_a_database_that_is_down_without_losing_an_attempt(
    app: ServiceApp, messenger: Any, broker: Broker, database_proxy: Proxy, count: Count, effects: Effects
) -> None:
    with running(app):
        wait_for(lambda: count("broker_consumer_connected") == 1, "the consumer to be connected")
        database_proxy.down()
        for n in range(3):
            broker.publish("note.kept", note(f"note {n}"))
        wait_for(lambda: count("events_waited_for_database_total") >= 1, "an event to wait")
        assert count("events_consumed_total") == 0
        database_proxy.up()
        wait_for(lambda: count("events_consumed_total", outcome="handled") == 3, "all to take effect")
    assert count("events_consumed_total", outcome="retry") == 0
    assert effects() == {f"note {n}": 1 for n in range(3)}


def test_a_process_that_ends_while_its_database_is_down_gives_the_event_back(
    app: ServiceApp, messenger: Any, broker: Broker, database_proxy: Proxy, count: Count, effects: Effects
) -> None:
    try:
        with running(app):
            wait_for(lambda: count("broker_consumer_connected") == 1, "the consumer to be connected")
            database_proxy.down()
            broker.publish("note.kept", note("one"))
            wait_for(lambda: count("events_waited_for_database_total") >= 1, "the event to wait")
        wait_for(lambda: broker.count("events") == 1, "the event to be in its queue again")
    finally:
        database_proxy.up()


def test_an_event_that_was_not_acknowledged_after_its_commit_has_no_second_effect(
    app: ServiceApp, messenger: Any, broker: Broker, broker_proxy: Proxy, count: Count, effects: Effects
) -> None:
    cut = threading.Event()

    def lose_the_broker(_event: Any) -> None:
        if not cut.is_set():
            cut.set()
            broker_proxy.down()
            broker_proxy.up()

    messenger.after = lose_the_broker
    with running(app):
        broker.publish("note.kept", note("one"))
        wait_for(lambda: count("events_consumed_total", outcome="duplicate") == 1, "the event to come again")
    assert effects() == {"one": 1}
    assert broker.count("events") == 0


def test_a_stop_finishes_the_event_under_way_and_begins_no_other(
    app: ServiceApp, messenger: Any, broker: Broker, database: Database, effects: Effects
) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def wait(_event: Any) -> None:
        entered.set()
        assert go_on.wait(30)

    messenger.after = wait
    for n in range(3):
        broker.publish("note.kept", note(f"note {n}"))
    [consumer] = [one for one in app.runtime.background.components if one.name == "consumer"]
    consumer.start()
    assert entered.wait(30)
    stopping = threading.Thread(target=consumer.stop)
    stopping.start()
    go_on.set()
    stopping.join(30)
    wait_for(lambda: broker.count("events") == 2, "the others to be in their queue again")
    assert sum(effects().values()) == 1


def test_a_fault_of_ours_stops_the_consumer_only_for_a_while(
    app: ServiceApp, messenger: Any, broker: Broker, effects: Effects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_properties: Any) -> int:
        monkeypatch.undo()
        raise KeyError("a fault")

    monkeypatch.setattr("shopkit.messaging.worker.failures", fail)
    with running(app):
        broker.publish("note.kept", note("one"))
        wait_for(lambda: effects() == {"one": 1}, "the event to take effect")


def test_a_handler_works_within_the_trace_of_the_request_that_caused_the_event(
    app: ServiceApp, messenger: Any, broker: Broker, count: Count
) -> None:
    seen: list[str] = []

    def look(_event: Any) -> None:
        known = context.current.get()
        seen.append("" if known is None else known.trace_id)

    messenger.before = look
    cause = context.from_environ({})
    with running(app):
        token = context.current.set(cause)
        messenger.keep("one")
        context.current.reset(token)
        wait_for(lambda: count("events_consumed_total", outcome="handled") == 1, "the event to take effect")
    assert seen == [cause.trace_id]


def test_old_rows_of_the_inbox_are_swept(app: ServiceApp, messenger: Any, deliver: Any, database: Database) -> None:
    deliver("note.kept", note("old"))
    database.execute("UPDATE inbox SET received_at = now() - interval '15 days'")
    deliver("note.kept", note("new"))
    processor = app.messaging.processor
    assert processor is not None
    assert processor.sweep(14.0) is False
    assert len(database.fetch_all("SELECT event_id FROM inbox")) == 1
