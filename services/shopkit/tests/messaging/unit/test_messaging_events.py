"""Events: what they are made of, and what is no event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shopkit.ids import Id, new_id
from shopkit.messaging.events import Event, EventData, MalformedEvent, decode, encode, read_data, routing_key
from shopkit.testing.messaging import make_message


class Planted(Event, key="tree.planted", subject="tree_id", version=3):
    """A tree was planted."""

    tree_id: Id
    height: int


class Tree(EventData):
    """What is read of a tree."""

    height: int


def test_the_class_arguments_make_type_and_routing_key() -> None:
    assert Planted.type_name() == "dev.shopkeeper.tree.planted.v3"
    assert routing_key(Planted.type_name()) == "tree.planted"


def test_a_key_must_be_entity_and_verb() -> None:
    with pytest.raises(TypeError, match=r"must be <entity>\.<verb>"):
        type("Wrong", (Event,), {"__annotations__": {"tree_id": str}}, key="tree", subject="tree_id")


def test_the_subject_must_be_a_field() -> None:
    with pytest.raises(TypeError, match="is none of its fields"):
        type("Wrong", (Event,), {"__annotations__": {"tree_id": str}}, key="tree.cut", subject="leaf")


def test_a_row_becomes_a_cloud_event() -> None:
    row = {
        "id": "0198c0de-0000-7000-8000-000000000000",
        "type": "dev.shopkeeper.tree.planted.v3",
        "subject": "0198c0de-0000-7000-8000-000000000001",
        "data": {"height": 3},
        "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-00",
        "occurred_at": datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC),
    }
    assert json.loads(encode("/shops/demo/garden", row)) == {
        "specversion": "1.0",
        "id": row["id"],
        "source": "/shops/demo/garden",
        "type": row["type"],
        "subject": row["subject"],
        "time": "2026-01-02T03:04:05.678000Z",
        "datacontenttype": "application/json",
        "traceparent": row["traceparent"],
        "data": {"height": 3},
    }


def test_a_consumer_ignores_what_it_does_not_know() -> None:
    message = make_message("tree.planted", {"tree_id": new_id(), "height": 3, "leaves": 7})
    event = read_data({**message, "color": "green"}, Tree)
    assert (event.data, event.key, event.source) == (Tree(height=3), "tree.planted", "/shops/test/unknown")


def test_what_does_not_fit_is_named_without_its_value() -> None:
    message = make_message("tree.planted", {"height": "anna@example.com"})
    with pytest.raises(MalformedEvent, match=r"^the event does not fit Tree: height: int_parsing$"):
        read_data(message, Tree)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"{", "is not JSON"),
        (b"[]", "is not a JSON object"),
        (b"{}", "specversion, id, source, type, subject, time, data missing"),
        (json.dumps({**make_message("tree.cut", {"a": 1}), "specversion": "2.0"}).encode(), "no CloudEvent 1.0"),
    ],
    ids=["no JSON", "a list", "nothing in it", "another version"],
)
def test_what_is_no_event_is_refused(body: bytes, fault: str) -> None:
    with pytest.raises(MalformedEvent, match=fault):
        decode(body)


def test_an_event_refuses_unknown_fields() -> None:
    data: dict[str, Any] = {"tree_id": new_id(), "height": 3, "leaves": 7}
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        Planted.model_validate(data)
