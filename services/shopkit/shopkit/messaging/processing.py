"""One event, once: the row in the inbox and the handler's work are one transaction."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass
from typing import Any, Generic

import psycopg2

from shopkit import context, tracing
from shopkit.database import Database
from shopkit.messaging.consumer import C, Consumer, Reaction
from shopkit.messaging.events import MalformedEvent, Received, decode, read_data
from shopkit.pool import PoolTimeout

_RECEIVE = "INSERT INTO inbox (event_id, type) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_SWEEP = """
DELETE FROM inbox WHERE event_id IN (
    SELECT event_id FROM inbox WHERE received_at < now() - make_interval(secs => %s) LIMIT %s
)"""
_SWEEP_BATCH = 1000


class Outcome(enum.Enum):
    """What became of a message that could be processed."""

    HANDLED = "handled"
    DUPLICATE = "duplicate"


class UnknownEvent(Exception):
    """There is no handler for this type of event. A newer release may have one: it comes again, as after an error."""


@dataclass(frozen=True)
class Delivery(Generic[C]):
    """A message that was understood.

    Args:
        type: CloudEvents type.
        event: for the handler.
        reaction: the handler.
        request: the context in which it is handled: its trace is that of the request that caused the event.
    """

    type: str
    event: Received[Any]
    reaction: Reaction[C]
    request: context.RequestContext


class Processor(Generic[C]):
    """Gives messages to the handlers of a consumer.

    Args:
        consumer: the handlers.
        service: their context.
        database: where the inbox is.
    """

    def __init__(self, consumer: Consumer[C], service: C, database: Database) -> None:
        self._consumer = consumer
        self._service = service
        self._database = database

    def read(self, body: bytes) -> Delivery[C]:
        """Understand a message.

        Raises:
            MalformedEvent: it is no event, or its data is not what the handler reads.
            UnknownEvent: there is no handler for it.
        """
        message = decode(body)
        reaction = self._consumer.reactions.get(str(message["type"]))
        if reaction is None:
            raise UnknownEvent(f"there is no handler for {message['type']}")
        event = read_data(message, reaction.model)
        _check_id(event.id)
        request = context.from_environ({"HTTP_TRACEPARENT": str(message.get("traceparent", ""))})
        return Delivery(str(message["type"]), event, reaction, request)

    def handle(self, delivery: Delivery[C]) -> Outcome:
        """Have an event take effect, unless it had already.

        Raises:
            shopkit.messaging.consumer.Refused: the handler will not have it.
            Exception: whatever else a handler or the database raises; nothing has changed.
        """
        event = delivery.event
        attributes = {"messaging.system": "rabbitmq", "messaging.message.id": event.id}
        parent = delivery.request.traceparent
        with tracing.span(f"process {event.key}", "consumer", attributes, parent=parent):
            with self._database.transaction() as tx:
                if not tx.execute(_RECEIVE, (event.id, delivery.type)):
                    return Outcome.DUPLICATE
                delivery.reaction.handler(self._service, tx, event)
            return Outcome.HANDLED

    def process(self, body: bytes) -> Outcome:
        """Read and handle a message, within the context of its trace. Raises what `read` and `handle` raise."""
        delivery = self.read(body)
        token = context.current.set(delivery.request)
        try:
            return self.handle(delivery)
        finally:
            context.current.reset(token)

    def database_answers(self) -> bool:
        """Tell whether the database can be reached: if it can't, no event is to blame for what failed."""
        try:
            self._database.fetch_one("SELECT 1 AS one")
        except (psycopg2.Error, PoolTimeout):
            return False
        return True

    def sweep(self, days: float) -> bool:
        """Forget events that took effect more than this many days ago; tell whether there may be more of them."""
        return self._database.execute(_SWEEP, (days * 86_400, _SWEEP_BATCH)) == _SWEEP_BATCH


def _check_id(event_id: str) -> None:
    try:
        uuid.UUID(event_id)
    except ValueError:
        raise MalformedEvent("the event's id is no UUID") from None
