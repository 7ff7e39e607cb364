"""Dead letters: events that their consumer could not handle. Looking at them, having them handled again, dropping them.

`python -m shopkit dead-letters <service> list|show|replay|drop [--id ID | --all]`, in a pod of the service.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import pika
from pika import DeliveryMode
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

from shopkit.messaging import topology
from shopkit.messaging.worker import REASON_HEADER, failures


@dataclass(frozen=True)
class DeadLetter:
    """A message in the queue of dead letters.

    Args:
        tag: by which it is acknowledged.
        properties: what came with it.
        body: the event.
    """

    tag: int
    properties: pika.BasicProperties
    body: bytes

    @property
    def id(self) -> str:
        """Id of the event; of a message that is none, the beginning of a digest."""
        given: str | None = self.properties.message_id
        return given or hashlib.sha256(self.body).hexdigest()[:16]

    @property
    def event(self) -> dict[str, Any]:
        """Members of the event; empty for a message that is none."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def reason(self) -> str:
        """Why it is here: what the consumer wrote, else what the broker did."""
        headers: Mapping[str, Any] = self.properties.headers or {}
        if REASON_HEADER in headers:
            return str(headers[REASON_HEADER])
        return f"the broker gave up: {headers.get('x-first-death-reason', 'unknown')}"

    def line(self) -> str:
        """Return what `list` prints."""
        event = self.event
        columns = (self.id, event.get("type", "?"), event.get("time", "?"), str(failures(self.properties)), self.reason)
        return "  ".join(map(str, columns))

    def text(self) -> str:
        """Return what `show` prints."""
        headers = {name: str(value) for name, value in (self.properties.headers or {}).items()}
        body = self.event or self.body.decode(errors="replace")
        return json.dumps({"id": self.id, "reason": self.reason, "headers": headers, "event": body}, indent=2)


@contextmanager
def opened(parameters: pika.URLParameters) -> Iterator[BlockingChannel]:
    """Yield a channel; messages that are not acknowledged on it are in their queue again afterwards."""
    connection = BlockingConnection(parameters)
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
    finally:
        connection.close()


def letters(channel: BlockingChannel, service: str) -> Iterator[DeadLetter]:
    """Yield the dead letters that there are now, each once."""
    left = 1
    while left > 0:
        method, properties, body = channel.basic_get(topology.dead_queue(service))
        if method is None or properties is None or body is None:
            return
        yield DeadLetter(method.delivery_tag or 0, properties, body)
        left = method.message_count or 0


def replay(channel: BlockingChannel, service: str, letter: DeadLetter) -> None:
    """Have an event handled again, with all its attempts; if it had an effect before, it has no other."""
    properties = pika.BasicProperties(
        content_type=letter.properties.content_type,
        message_id=letter.properties.message_id,
        delivery_mode=DeliveryMode.Persistent,
    )
    exchange = topology.requeue_exchange(service)
    channel.basic_publish(exchange, "events", letter.body, properties, mandatory=True)
    channel.basic_ack(letter.tag)


def drop(channel: BlockingChannel, _service: str, letter: DeadLetter) -> None:
    """Remove an event for good."""
    channel.basic_ack(letter.tag)


CHANGES: dict[str, Callable[[BlockingChannel, str, DeadLetter], None]] = {"replay": replay, "drop": drop}


def run(parameters: pika.URLParameters, service: str, action: str, wanted: str | None) -> Iterator[str]:
    """Do one action with the dead letters of a service, and yield the lines to print.

    Args:
        parameters: the broker.
        service: whose.
        action: list, show, replay or drop.
        wanted: id of an event; None: all.
    """
    with opened(parameters) as channel:
        for letter in letters(channel, service):
            if wanted is not None and letter.id != wanted:
                continue
            if action in CHANGES:
                CHANGES[action](channel, service, letter)
                yield f"{action}: {letter.line()}"
            else:
                yield letter.text() if action == "show" else letter.line()
