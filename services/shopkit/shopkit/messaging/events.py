"""What services tell each other: CloudEvents 1.0 in JSON, structured mode.

The publisher's models are strict and make the JSON Schema of the whole message; a consumer declares a model of its own
of what it reads, and whatever else comes with it is ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

CONTENT_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "dev.shopkeeper."
_KEY = re.compile(r"[a-z]+\.[a-z_]+")
_REQUIRED = ("specversion", "id", "source", "type", "subject", "time", "data")


class MalformedEvent(Exception):
    """A message is no event that its consumer can read; the message says what is wrong, without quoting data."""


class Event(BaseModel):
    """The data of one type of event, declared by its publisher:

    class OrderConfirmed(Event, key="order.confirmed", subject="order_id"): ...

    Class arguments:
        key: routing key, `<entity>.<verb>`.
        subject: name of the field that holds the id of the entity.
        version: number of the version of the data; another one only for an incompatible change.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    KEY: ClassVar[str]
    VERSION: ClassVar[int]
    SUBJECT: ClassVar[str]

    def __init_subclass__(cls, **_arguments: Any) -> None:
        """Take the class arguments, which are for `__pydantic_init_subclass__`: now the fields are not known yet."""
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(cls, *, key: str = "", subject: str = "", version: int = 1, **kwargs: Any) -> None:
        """Keep the class arguments. Raises TypeError for a wrong key or subject."""
        super().__pydantic_init_subclass__(**kwargs)
        if not key:
            return  # a base of several events
        if not _KEY.fullmatch(key):
            raise TypeError(f"{cls.__name__}: the key {key!r} must be <entity>.<verb>")
        if subject not in cls.model_fields:
            raise TypeError(f"{cls.__name__}: the subject {subject!r} is none of its fields")
        cls.KEY, cls.SUBJECT, cls.VERSION = key, subject, version

    @classmethod
    def type_name(cls) -> str:
        """Return the CloudEvents type, such as `dev.shopkeeper.order.confirmed.v1`."""
        return type_name(cls.KEY, cls.VERSION)


class EventData(BaseModel):
    """Base of what a consumer reads of an event's data: fields that it does not know are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


D = TypeVar("D", bound=BaseModel)


@dataclass(frozen=True)
class Received(Generic[D]):
    """An event as its handler gets it.

    Args:
        id: UUIDv7 of the event; the same however often it is delivered.
        key: `<entity>.<verb>`.
        source: who published it: `/shops/<shop>/<service>`.
        subject: id of the entity.
        time: when it happened.
        data: what happened.
    """

    id: str
    key: str
    source: str
    subject: str
    time: datetime
    data: D


def type_name(key: str, version: int) -> str:
    """Return the CloudEvents type of a routing key and a version."""
    return f"{TYPE_PREFIX}{key}.v{version}"


def routing_key(event_type: str) -> str:
    """Return the routing key of a CloudEvents type."""
    return event_type.removeprefix(TYPE_PREFIX).rpartition(".v")[0]


def encode(source: str, row: dict[str, Any]) -> bytes:
    """Return the message for a row of the outbox.

    Args:
        source: who publishes it.
        row: columns `id`, `type`, `subject`, `data`, `traceparent`, `occurred_at`.
    """
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": row["id"],
            "source": source,
            "type": row["type"],
            "subject": row["subject"],
            "time": row["occurred_at"],
            "datacontenttype": "application/json",
            "traceparent": row["traceparent"],
            "data": row["data"],
        },
        option=orjson.OPT_UTC_Z,
    )


def decode(body: bytes) -> dict[str, Any]:
    """Return the members of a message. Raises MalformedEvent."""
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedEvent(f"the message is not JSON: {error.msg}") from None
    if not isinstance(message, dict):
        raise MalformedEvent("the message is not a JSON object")
    missing = [name for name in _REQUIRED if not message.get(name)]
    if missing:
        raise MalformedEvent(f"the message is no CloudEvent: {', '.join(missing)} missing")
    if message["specversion"] != "1.0":
        raise MalformedEvent("the message is no CloudEvent 1.0")
    return message


def read_data(message: dict[str, Any], model: type[D]) -> Received[D]:
    """Return the event of a message. Raises MalformedEvent when the data is not what the model says."""
    try:
        envelope = _Envelope.model_validate(message)
        data = model.model_validate(message["data"])
    except ValidationError as error:
        # Only where and what kind: the values may be somebody's name or address.
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in error.errors())
        raise MalformedEvent(f"the event does not fit {model.__name__}: {faults}") from None
    return Received(envelope.id, routing_key(envelope.type), envelope.source, envelope.subject, envelope.time, data)


class _Envelope(BaseModel):
    id: str
    source: str
    type: str
    subject: str
    time: datetime
