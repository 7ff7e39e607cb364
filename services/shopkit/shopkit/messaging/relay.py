"""From the outbox to the broker: at least once, and deleted only when the broker has confirmed it."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg2
import structlog

from shopkit import tracing
from shopkit.database import Database, Transaction
from shopkit.errors import first_line
from shopkit.messaging import outbox
from shopkit.messaging.connection import BROKER_ERRORS, Backoff, BrokerError, describe
from shopkit.messaging.events import encode, routing_key
from shopkit.messaging.metrics import PublisherMetrics
from shopkit.messaging.publisher import Message, Publisher
from shopkit.pool import PoolTimeout

_log = structlog.get_logger(__name__)

# Rows are taken out by the transaction that waits for the confirmations: it is rolled back by any failure, so they
# are still there, and others pass over them meanwhile.
_TAKE = """
DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING id, type, subject, data, traceparent, occurred_at"""
_STATE = "SELECT count(*) AS rows, coalesce(extract(epoch FROM now() - min(occurred_at)), 0) AS lag FROM outbox"

# Shorter than the database lets a transaction idle.
_CONFIRM_SECONDS = 5.0
# After a commit others are likely to follow; together they cost less.
_LINGER_SECONDS = 0.02
_OBSERVE_SECONDS = 5.0


class Relay:
    """Carries events from the outbox to the broker, by a thread of its own.

    Args:
        database: where the outbox is.
        publisher: the connection to the broker.
        source: CloudEvents source, `/shops/<shop>/<service>`.
        poll_seconds: longest pause between two looks.
        batch: most events at once.
        metrics: what is shown.
    """

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        source: str,
        poll_seconds: float,
        batch: int,
        metrics: PublisherMetrics,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._source = source
        self._poll_seconds = poll_seconds
        self._batch = batch
        self._metrics = metrics
        self._stopping = threading.Event()
        self._backoff = Backoff()
        self._observed = 0.0
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Publish what is there, if that is possible now, and end; the rest stays in the outbox."""
        self._stopping.set()
        outbox.wake()
        self._thread.join()

    def carry(self) -> int:
        """Publish one batch and return its size.

        Raises:
            shopkit.messaging.connection.BrokerError: the broker did not confirm; all rows are still there.
            psycopg2.Error, PoolTimeout: the database could not; the events may be published twice.
        """
        with self._database.transaction() as tx:
            messages = self._take(tx)
            if messages:
                self._publisher.publish([message for _, message in messages], _CONFIRM_SECONDS)
        for event_type, _ in messages:
            self._metrics.published.labels(event_type).inc()
        return len(messages)

    def _take(self, tx: Transaction) -> list[tuple[str, Message]]:
        rows = sorted(tx.fetch_all(_TAKE, (self._batch,)), key=lambda row: str(row["id"]))
        return [(row["type"], self._message(row)) for row in rows]

    def _message(self, row: dict[str, Any]) -> Message:
        key = routing_key(row["type"])
        attributes = {"messaging.system": "rabbitmq", "messaging.message.id": str(row["id"])}
        with tracing.span(f"publish {key}", "producer", attributes, parent=row["traceparent"]):
            traceparent = tracing.traceparent() or row["traceparent"]
            return Message(key, str(row["id"]), encode(self._source, {**row, "traceparent": traceparent}))

    def _run(self) -> None:
        look = True
        while not self._stopping.is_set():
            try:
                more = self._round() if look else self._observe() > 0 and self._round()
            except Exception as error:  # noqa: BLE001 - whatever it is, the thread has to live on
                self._failed(error)
                look = True
            else:
                self._backoff.reset()
                look = more or self._wait()
        self._leave()

    def _round(self) -> bool:
        """Publish a batch; tell whether there may be more."""
        if not self._publisher.is_open:
            self._observe()
            self._connect()
        self._publisher.tend()
        if self._publisher.blocked:
            raise BrokerError("the broker takes no messages: its memory or disk is short")
        more = self.carry() == self._batch
        if time.monotonic() - self._observed >= _OBSERVE_SECONDS:
            self._observe()
        return more

    def _wait(self) -> bool:
        """Wait for an event of this process, or for the time to look for others; tell which."""
        woken = outbox.wait(self._poll_seconds)
        if woken:
            self._stopping.wait(_LINGER_SECONDS)
        return woken

    def _leave(self) -> None:
        """Publish what was committed while the process took leave, instead of leaving it to others."""
        try:
            while self._publisher.is_open and self.carry():
                continue
        except Exception as error:  # noqa: BLE001 - the process ends; another one finds the events
            cause, detail = blame(error)
            _log.info("events are left in the outbox", cause=cause, detail=detail)
        self._metrics.connected.set(0)
        self._publisher.close()

    def _connect(self) -> None:
        self._publisher.open()
        self._metrics.connected.set(1)
        _log.info("the relay is connected to the broker")

    def _observe(self) -> int:
        """Show how much there is, and since when; return how much."""
        self._observed = time.monotonic()
        state = self._database.fetch_row(_STATE)
        self._metrics.rows.set(state["rows"])
        self._metrics.lag.set(float(state["lag"]))
        return int(state["rows"])

    def _failed(self, error: Exception) -> None:
        """Tell of a failure, and wait before the next attempt."""
        cause, detail = blame(error)
        self._metrics.failures.labels(cause).inc()
        self._metrics.connected.set(int(self._publisher.is_open))
        pause = self._backoff.seconds()
        _log.warning("events wait in the outbox", cause=cause, detail=detail, next_attempt_seconds=round(pause, 2))
        self._stopping.wait(pause)


def blame(error: Exception) -> tuple[str, str]:
    """Return what has failed (database, broker or relay) and how, in a line that quotes no rows."""
    if isinstance(error, psycopg2.Error):
        return "database", first_line(error)
    if isinstance(error, PoolTimeout):
        return "database", str(error)
    return ("broker" if isinstance(error, BROKER_ERRORS) else "relay"), describe(error)
