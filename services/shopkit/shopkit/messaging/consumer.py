"""What a consumer declares: which events it reads, and what each does.

consumer: Consumer[Desk] = Consumer()


@consumer.on("order.confirmed", OrderConfirmed)
def confirm(desk: Desk, tx: Transaction, event: Received[OrderConfirmed]) -> None:
    ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shopkit.database import Transaction
from shopkit.messaging.events import D, Received, routing_key, type_name

C = TypeVar("C")
Handler = Callable[[C, Transaction, Received[D]], None]


class Refused(Exception):
    """Raised by a handler for an event that no further attempt will mend: it goes to the dead letters at once.

    The message is kept with the event, so it must not quote personal data.
    """


@dataclass(frozen=True)
class Reaction(Generic[C]):
    """What a type of event does: the model of its data, and the handler."""

    model: type[Any]
    handler: Callable[[C, Transaction, Received[Any]], None]


class Consumer(Generic[C]):
    """The events that a service consumes.

    Attributes:
        reactions: by CloudEvents type.
    """

    def __init__(self) -> None:
        self.reactions: dict[str, Reaction[C]] = {}

    def on(self, key: str, model: type[D], *, version: int = 1) -> Callable[[Handler[C, D]], Handler[C, D]]:
        """Declare the handler of one type of event.

        The handler gets the service's own context (what `build` made), the transaction that also holds the inbox row,
        and the event. What it raises rolls both back: the event comes again after 5, 30 and 300 seconds, then it goes
        to the dead letters; `Refused` sends it there at once. A handler must not call other systems in vain: whatever
        it does outside of the transaction may be done again.

        Args:
            key: routing key, `<entity>.<verb>`.
            model: what the handler reads of the data; a subclass of `EventData`.
            version: version of the data.

        Raises:
            ValueError: there is a handler for it already.
        """
        name = type_name(key, version)
        if name in self.reactions:
            raise ValueError(f"two handlers for {name}")

        def declare(handler: Handler[C, D]) -> Handler[C, D]:
            self.reactions[name] = Reaction(model, handler)
            return handler

        return declare

    @property
    def keys(self) -> list[str]:
        """The routing keys that its queue is bound by."""
        return sorted({routing_key(name) for name in self.reactions})
