"""`python -m shopkit dead-letters`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from shopkit.__main__ import main
from shopkit.app import ServiceApp
from shopkit.ids import new_id
from shopkit.messaging.consumer import Refused
from shopkit.testing.rabbitmq import Broker, role_url, running
from shopkit.testing.waiting import wait_for

Count = Callable[..., int]
Effects = Callable[[], dict[str, int]]
Command = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def command(amqp_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command as in a pod of the messenger; returns its exit code, lines and what it complains of."""
    monkeypatch.setenv("AMQP_URL", role_url(amqp_url, "messenger"))

    def run(*arguments: str) -> tuple[int, list[str], str]:
        capsys.readouterr()  # what was logged before
        code = main(["dead-letters", "messenger", *arguments])
        printed = capsys.readouterr()
        return code, printed.out.splitlines(), printed.err

    return run


@pytest.fixture
def dead(app: ServiceApp, messenger: Any, broker: Broker, count: Count) -> list[str]:
    """Ids of two events that were refused."""

    def refuse(_event: Any) -> None:
        raise Refused("not now")

    messenger.before = refuse
    ids = [broker.publish("note.kept", {"note_id": new_id(), "text": text}) for text in ("one", "two")]
    with running(app):
        wait_for(lambda: count("events_consumed_total", outcome="dead") == 2, "two dead letters")
    messenger.before = lambda _event: None
    return ids


def test_they_are_listed_and_stay(command: Command, dead: list[str], broker: Broker) -> None:
    for _ in range(3):
        code, lines, summary = command("list")
        assert (code, summary) == (0, "2 dead letters\n")
        assert [line.split("  ")[0] for line in lines] == dead
        assert all("dev.shopkeeper.note.kept.v1" in line and line.endswith("  1  not now") for line in lines)
    wait_for(lambda: broker.count("dead") == 2, "both to be in the queue again")


def test_one_is_shown_as_a_whole(command: Command, dead: list[str]) -> None:
    code, lines, _ = command("show", "--id", dead[1])
    shown = json.loads("\n".join(lines))
    assert code == 0
    assert (shown["id"], shown["reason"], shown["event"]["data"]["text"]) == (dead[1], "not now", "two")


def test_one_is_replayed(
    command: Command, dead: list[str], app: ServiceApp, broker: Broker, count: Count, effects: Effects
) -> None:
    assert command("replay", "--id", dead[0])[0] == 0
    with running(app):
        wait_for(lambda: count("events_consumed_total", outcome="handled") == 1, "the event to take effect")
    assert effects() == {"one": 1}
    wait_for(lambda: broker.count("dead") == 1, "the other to be in the queue again")


def test_all_are_replayed_and_have_all_their_attempts(
    command: Command, dead: list[str], app: ServiceApp, messenger: Any, count: Count, effects: Effects
) -> None:
    failed: list[str] = []

    def fail_once(event: Any) -> None:
        if event.id not in failed:
            failed.append(event.id)
            raise ValueError("once")

    messenger.before = fail_once
    code, lines, _ = command("replay", "--all")
    assert (code, len(lines)) == (0, 2)
    with running(app):
        wait_for(lambda: count("events_consumed_total", outcome="handled") == 2, "both to take effect")
    assert effects() == {"one": 1, "two": 1}


def test_one_is_dropped(command: Command, dead: list[str], broker: Broker) -> None:
    assert command("drop", "--id", dead[0])[0] == 0
    wait_for(lambda: broker.count("dead") == 1, "the other to be in the queue again")
    assert command("list")[1][0].startswith(dead[1])


def test_one_that_is_not_there_is_named(command: Command, dead: list[str]) -> None:
    code, _, complaint = command("show", "--id", "0198c0de-0000-7000-8000-000000000000")
    assert (code, complaint) == (2, "messenger: there is no dead letter 0198c0de-0000-7000-8000-000000000000\n")


def test_what_changes_something_asks_for_which(command: Command) -> None:
    assert command("drop") == (2, [], "messenger: say which: drop --id ID, or --all\n")


def test_a_broker_that_is_away_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMQP_URL", "amqp://messenger:secret@127.0.0.1:9/%2F")
    code, _, complaint = command("list")
    assert code == 2
    assert complaint == "messenger: the broker does not do it: ConnectionRefusedError: [Errno 111] Connection refused\n"
