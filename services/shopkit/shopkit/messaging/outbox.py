"""Writing events in the transaction of the change that they tell of: both happen, or neither."""

from __future__ import annotations

import threading

from psycopg2.extras import Json

from shopkit import context, tracing
from shopkit.database import Transaction
from shopkit.ids import new_id
from shopkit.messaging.events import Event

_ADD = """
INSERT INTO outbox (id, type, subject, data, traceparent)
VALUES (%(event_id)s, %(event_type)s, %(event_subject)s, %(event_data)s, %(event_traceparent)s)"""

# One relay works in a process; whoever commits an event wakes it.
_written = threading.Event()


def add(tx: Transaction, event: Event) -> None:
    """Write an event, by one statement; it is published soon after the transaction's commit.

    Raises:
        psycopg2.Error: the statement failed, and so does the transaction.
    """
    tx.execute(_ADD, row(event))
    tx.after_commit(wake)


def row(event: Event) -> dict[str, object]:
    """Return the parameters of an event for a repository that writes state and event in one statement:

    WITH moved AS (UPDATE … RETURNING id), told AS (
        INSERT INTO outbox (id, type, subject, data, traceparent)
        SELECT %(event_id)s, %(event_type)s, %(event_subject)s, %(event_data)s, %(event_traceparent)s FROM moved
    ) SELECT … FROM moved

    Such a statement commits by itself; call `wake` after it.
    """
    return {
        "event_id": new_id(),
        "event_type": event.type_name(),
        "event_subject": getattr(event, event.SUBJECT),
        "event_data": Json(event.model_dump(mode="json")),
        "event_traceparent": tracing.traceparent() or context.new_traceparent(),
    }


def wake() -> None:
    """Let the relay of this process look at the outbox now; without it, it looks once a second."""
    _written.set()


def wait(seconds: float) -> bool:
    """Wait until this process has written an event, at most for this long; tell whether it has."""
    written = _written.wait(seconds)
    _written.clear()
    return written
