"""One event, once: the row in the inbox and the handler's work are one transaction."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Mapping
from typing import Any, Generic

from shopkit import context
from shopkit.database import Database
from shopkit.messaging.consumer import C, Consumer
from shopkit.messaging.events import MalformedEvent, decode, read_data

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

    def process(self, body: bytes) -> Outcome:
        """Have a message take effect, unless it had already.

        Raises:
            MalformedEvent: it is no event that this consumer knows.
            shopkit.messaging.consumer.Refused: the handler will not have it.
            Exception: whatever else a handler or the database raises; nothing has changed.
        """
        message = decode(body)
        reaction = self._consumer.reactions.get(message["type"])
        if reaction is None:
            raise MalformedEvent(f"there is no handler for {message['type']!r}")
        event = read_data(message, reaction.model)
        _check_id(event.id)
        token = context.current.set(trace_of(message))
        try:
            with self._database.transaction() as tx:
                if not tx.execute(_RECEIVE, (event.id, message["type"])):
                    return Outcome.DUPLICATE
                reaction.handler(self._service, tx, event)
            return Outcome.HANDLED
        finally:
            context.current.reset(token)

    def sweep(self, days: float) -> bool:
        """Forget events that took effect more than this many days ago; tell whether there may be more of them."""
        return self._database.execute(_SWEEP, (days * 86_400, _SWEEP_BATCH)) == _SWEEP_BATCH


def trace_of(message: Mapping[str, Any]) -> context.RequestContext:
    """Return the context in which a message is handled: the trace of the request that caused it."""
    return context.from_environ({"HTTP_TRACEPARENT": str(message.get("traceparent", ""))})


def _check_id(event_id: str) -> None:
    try:
        uuid.UUID(event_id)
    except ValueError:
        raise MalformedEvent("the event's id is no UUID") from None
