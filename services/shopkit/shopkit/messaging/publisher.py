"""Publishing many messages at once, with the broker's confirmation of each.

pika's blocking connection waits for every confirmation before it sends the next message; a quorum queue writes to the
disk before it confirms. So this drives pika's asynchronous connection, by the calling thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pika
from pika import DeliveryMode
from pika.adapters.select_connection import IOLoop
from pika.channel import Channel

from shopkit.messaging.connection import BrokerError, describe
from shopkit.messaging.events import CONTENT_TYPE

_OPEN_SECONDS = 10.0
_CLOSE_SECONDS = 2.0


@dataclass(frozen=True)
class Message:
    """What is published.

    Args:
        key: routing key.
        event_id: id of the event.
        body: the event.
    """

    key: str
    event_id: str
    body: bytes


class Publisher:
    """A connection that publishes to one exchange; all calls come from one thread.

    Args:
        parameters: the broker.
        exchange: where to.

    Attributes:
        blocked: whether the broker takes no messages at present, because its memory or disk is short.
    """

    def __init__(self, parameters: pika.URLParameters, exchange: str) -> None:
        self._parameters = parameters
        self._exchange = exchange
        self._loop: IOLoop | None = None
        self._connection: pika.SelectConnection | None = None
        self._channel: Channel | None = None
        self._failure: str | None = None
        self._sent = 0
        self._unconfirmed: set[int] = set()
        self.blocked = False

    @property
    def is_open(self) -> bool:
        """Whether there was a connection when it was last used."""
        return self._channel is not None and self._failure is None

    def open(self) -> None:
        """Connect. Raises BrokerError."""
        self.close()
        self._failure, self.blocked = None, False
        self._sent, self._unconfirmed = 0, set()
        self._loop = IOLoop()
        self._connection = pika.SelectConnection(
            self._parameters,
            on_open_callback=self._opened,
            on_open_error_callback=self._lost,
            on_close_callback=self._lost,
            custom_ioloop=self._loop,
        )
        self._run(_OPEN_SECONDS)
        if self._channel is None:
            self._fail(f"no connection within {_OPEN_SECONDS} s")

    def publish(self, messages: Sequence[Message], seconds: float) -> None:
        """Publish messages and wait until the broker has confirmed all of them.

        Raises:
            BrokerError: it did not within this time; each of them may have been published or not.
        """
        if self._channel is None:
            raise BrokerError("there is no connection")
        for message in messages:
            self._sent += 1
            self._unconfirmed.add(self._sent)
            properties = pika.BasicProperties(
                content_type=CONTENT_TYPE, delivery_mode=DeliveryMode.Persistent, message_id=message.event_id
            )
            self._channel.basic_publish(self._exchange, message.key, message.body, properties)
        self._run(seconds)
        if self._failure is not None or self._unconfirmed:
            missing = len(self._unconfirmed)
            self._fail(f"{missing} of {len(messages)} events were not confirmed within {seconds} s")

    def tend(self) -> None:
        """Answer heartbeats and notice what the broker has said. Raises BrokerError when the connection is gone."""
        self._run(0)
        if self._failure is not None:
            self._fail(self._failure)

    def close(self) -> None:
        """Close the connection, if there is one."""
        connection, loop = self._connection, self._loop
        if connection is not None and loop is not None:
            if connection.is_open:
                connection.close()
            if not connection.is_closed:
                _run_loop(loop, _CLOSE_SECONDS)
            loop.close()
        self._connection = self._channel = self._loop = None

    def _fail(self, otherwise: str) -> None:
        cause = self._failure or otherwise
        self.close()
        raise BrokerError(cause)

    def _run(self, seconds: float) -> None:
        """Let the connection work until something is complete or lost, at most for this long."""
        if self._loop is None or self._failure is not None:
            return
        _run_loop(self._loop, seconds)

    def _stop(self) -> None:
        if self._loop is not None:
            self._loop.stop()

    def _opened(self, connection: Any) -> None:
        connection.add_on_connection_blocked_callback(self._blocked)
        connection.add_on_connection_unblocked_callback(self._unblocked)
        connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._lost)
        channel.confirm_delivery(self._answered, callback=lambda _frame: self._confirming(channel))

    def _confirming(self, channel: Channel) -> None:
        self._channel = channel
        self._stop()

    def _answered(self, frame: Any) -> None:
        """Count confirmations; one may stand for all messages before it."""
        if frame.method.NAME != "Basic.Ack":
            self._lost(None, BrokerError("the broker refused an event"))
            return
        tag = frame.method.delivery_tag
        if frame.method.multiple:
            self._unconfirmed = {sent for sent in self._unconfirmed if sent > tag}
        else:
            self._unconfirmed.discard(tag)
        if not self._unconfirmed:
            self._stop()

    def _blocked(self, *_frame: Any) -> None:
        self.blocked = True

    def _unblocked(self, *_frame: Any) -> None:
        self.blocked = False

    def _lost(self, _what: Any, reason: Any) -> None:
        if self._failure is None:
            self._failure = describe(reason) if isinstance(reason, BaseException) else str(reason)
        self.blocked = False
        self._stop()


def _run_loop(loop: IOLoop, seconds: float) -> None:
    timer = loop.call_later(seconds, loop.stop)
    try:
        loop.start()
    finally:
        loop.remove_timeout(timer)
