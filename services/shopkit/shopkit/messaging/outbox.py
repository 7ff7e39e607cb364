"""Writing events in the transaction of the change that they tell of: both happen, or neither."""

from __future__ import annotations

import threading

from shopkit import context, tracing
from shopkit.database import Transaction
from shopkit.ids import new_id
from shopkit.messaging.events import Event

# Half of what the broker takes: an event beyond it would stop all behind it.
MAX_BYTES = 524_288
_ADD = """
INSERT INTO outbox (id, type, subject, data, traceparent)
VALUES (%(event_id)s, %(event_type)s, %(event_subject)s, %(event_data)s, %(event_traceparent)s)"""

# One relay works in a process; whoever commits an event wakes it.
_written = threading.Event()


def add(tx: Transaction, event: Event) -> None:
    """Write an event, by one statement; it is published soon after the transaction's commit.

    Raises:
        psycopg2.Error: the statement failed, and so does the transaction.
        ValueError: the event is larger than the broker would take.
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

    Raises:
        ValueError: the event is larger than the broker would take.
    """
    data = event.model_dump_json()
    size = len(data.encode())
    if size > MAX_BYTES:
        raise ValueError(f"{event.type_name()} has {size} bytes; at most {MAX_BYTES} can be published")
    return {
        "event_id": new_id(),
        "event_type": event.type_name(),
        "event_subject": getattr(event, event.SUBJECT),
        "event_data": data,
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
