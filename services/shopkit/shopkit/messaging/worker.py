"""From the broker to the handlers: one event at a time, acknowledged when it has taken effect or lies elsewhere."""

from __future__ import annotations

import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
import psycopg2
import structlog
from pika import DeliveryMode
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection

from shopkit import context
from shopkit.errors import first_line
from shopkit.messaging import topology
from shopkit.messaging.connection import BROKER_ERRORS, Backoff, BrokerError, describe
from shopkit.messaging.consumer import Refused
from shopkit.messaging.events import MalformedEvent
from shopkit.messaging.metrics import ConsumerMetrics
from shopkit.messaging.processing import Delivery, Processor, UnknownEvent

_log = structlog.get_logger(__name__)

ATTEMPT_HEADER = "x-attempt"
REASON_HEADER = "x-reason"
_LOOK_SECONDS = 0.5
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a message.

    Args:
        outcome: for the metrics.
        type: CloudEvents type.
        key: by which it is moved to another queue; None: it is done with.
        reason: why.
    """

    outcome: str
    type: str
    key: str | None = None
    reason: str = ""


class Worker:
    """Consumes the events of a service, by a thread of its own.

    Args:
        name: the service.
        processor: has them take effect.
        parameters: the broker.
        prefetch: how many events the broker hands out ahead.
        metrics: what is shown.
    """

    def __init__(
        self,
        name: str,
        processor: Processor[Any],
        parameters: pika.URLParameters,
        prefetch: int,
        metrics: ConsumerMetrics,
    ) -> None:
        self._name = name
        self._processor = processor
        self._parameters = parameters
        self._prefetch = prefetch
        self._metrics = metrics
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="consumer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the event under way, take no other, and end; what was handed out ahead goes back to the queue."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            try:
                self._session(backoff)
            except Exception as error:  # noqa: BLE001 - whatever it is, the thread has to live on
                pause = backoff.seconds()
                _log.warning(
                    "events are not consumed",
                    cause="broker" if isinstance(error, BROKER_ERRORS) else place(error),
                    detail=describe(error),
                    next_attempt_seconds=round(pause, 2),
                )
                self._stopping.wait(pause)
            finally:
                self._metrics.connected.set(0)

    def _session(self, backoff: Backoff) -> None:
        """Consume over one connection, until the process takes leave or the connection is lost."""
        connection = BlockingConnection(self._parameters)
        try:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_qos(prefetch_count=self._prefetch)
            deliveries = channel.consume(topology.events_queue(self._name), inactivity_timeout=_LOOK_SECONDS)
            for method, properties, body in deliveries:
                self._metrics.connected.set(1)
                backoff.reset()
                if self._stopping.is_set():
                    return
                if method is not None and properties is not None and body is not None:
                    self._deal(channel, method.delivery_tag or 0, properties, body)
            raise BrokerError("the broker has taken the queue away")
        finally:
            if connection.is_open:
                connection.close()

    def _deal(self, channel: BlockingChannel, tag: int, properties: pika.BasicProperties, body: bytes) -> None:
        """Handle one message or have it lie elsewhere; only then is it acknowledged. Raises what pika raises."""
        attempt = failures(properties) + 1
        verdict = self._judge(channel.connection, attempt, body)
        if verdict is None:
            return  # the process takes leave: the message is given back
        if verdict.key is not None:
            self._move(channel, properties, body, verdict, attempt)
        channel.basic_ack(tag)
        self._metrics.consumed.labels(verdict.type, verdict.outcome).inc()

    def _judge(self, connection: BlockingConnection, attempt: int, body: bytes) -> Verdict | None:
        try:
            delivery = self._processor.read(body)
        except MalformedEvent as error:
            _log.error("an event is malformed", reason=str(error))
            return Verdict("dead", _UNKNOWN, "dead", str(error))
        except UnknownEvent as error:
            _log.error("an event has no handler", reason=str(error), attempt=attempt)
            return _again(_UNKNOWN, attempt, str(error))
        token = context.current.set(delivery.request)
        try:
            return self._try(connection, attempt, delivery)
        finally:
            context.current.reset(token)

    def _try(self, connection: BlockingConnection, attempt: int, delivery: Delivery[Any]) -> Verdict | None:
        """Have an event take effect; while the database can't be reached it waits, and that is no attempt."""
        known = {"type": delivery.type, "event_id": delivery.event.id, "attempt": attempt}
        while True:
            started = time.perf_counter()
            try:
                outcome = self._processor.handle(delivery).value
            except Refused as error:
                _log.error("an event was refused", reason=str(error), **known)
                return Verdict("dead", delivery.type, "dead", str(error))
            except Exception as error:  # noqa: BLE001 - whatever a handler raises, the event must not be lost
                if self._processor.database_answers():
                    _log.error("a handler failed", **known, **_detail(error))
                    return _again(delivery.type, attempt, place(error))
                self._metrics.waits.inc()
                _log.warning("an event waits for the database", cause=place(error), **known)
                if not self._wait_for_database(connection):
                    return None
            else:
                seconds = time.perf_counter() - started
                self._metrics.seconds.labels(delivery.type).observe(seconds)
                _log.info("event", outcome=outcome, seconds=round(seconds, 6), **known)
                return Verdict(outcome, delivery.type)

    def _wait_for_database(self, connection: BlockingConnection) -> bool:
        """Wait for the database with the connection kept alive; tell whether it answers, or the process ends."""
        backoff = Backoff(most=5.0)
        while not self._stopping.is_set():
            end = time.monotonic() + backoff.seconds()
            while not self._stopping.is_set() and time.monotonic() < end:
                connection.sleep(min(_LOOK_SECONDS, max(0.01, end - time.monotonic())))
            if self._processor.database_answers():
                return True
        return False

    def _move(
        self, channel: BlockingChannel, properties: pika.BasicProperties, body: bytes, verdict: Verdict, attempt: int
    ) -> None:
        """Publish the message for another attempt or as a dead letter, and wait until the broker has it."""
        headers = {**(properties.headers or {}), ATTEMPT_HEADER: attempt, REASON_HEADER: verdict.reason}
        moved = pika.BasicProperties(
            content_type=properties.content_type,
            message_id=properties.message_id,
            delivery_mode=DeliveryMode.Persistent,
            headers=headers,
        )
        channel.basic_publish(topology.requeue_exchange(self._name), verdict.key or "", body, moved, mandatory=True)


def failures(properties: pika.BasicProperties) -> int:
    """Return how often the handling of a message has failed."""
    found = (properties.headers or {}).get(ATTEMPT_HEADER, 0)
    return found if isinstance(found, int) else 0


def place(error: BaseException) -> str:
    """Return what an error is and where it came from, without its words: they may quote somebody's data."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def _again(event_type: str, attempt: int, reason: str) -> Verdict:
    key = topology.retry_key(attempt)
    return Verdict("dead", event_type, "dead", reason) if key is None else Verdict("retry", event_type, key, reason)


def _detail(error: Exception) -> dict[str, Any]:
    """Return what is logged of an error: of the database's only the first line, the others quote rows."""
    if isinstance(error, psycopg2.Error):
        return {"cause": first_line(error), "where": "".join(traceback.format_tb(error.__traceback__))}
    return {"exc_info": error}
