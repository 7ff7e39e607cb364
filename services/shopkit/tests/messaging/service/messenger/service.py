"""The service itself, in one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shopkit.database import Database, Transaction
from shopkit.ids import Id, new_id
from shopkit.messaging import outbox
from shopkit.messaging.consumer import Consumer
from shopkit.messaging.events import Event, EventData, Received
from shopkit.messaging.settings import ConsumerSettings, PublisherSettings
from shopkit.service import Runtime, Service
from shopkit.settings import Settings


@dataclass(frozen=True, kw_only=True)
class MessengerSettings(Settings, PublisherSettings, ConsumerSettings):
    """What the messenger reads from the environment."""


class NoteKept(Event, key="note.kept", subject="note_id"):
    """A note was kept."""

    note_id: Id
    text: str


class Note(EventData):
    """What is read of a kept note."""

    note_id: Id
    text: str


@dataclass
class Messenger:
    """What the handlers work with.

    Args:
        database: where notes are.
        before: called by the handler before it writes, and `after` when it has written; a test may let them fail.
    """

    database: Database
    before: Callable[[Received[Note]], None] = field(default=lambda _event: None)
    after: Callable[[Received[Note]], None] = field(default=lambda _event: None)

    def keep(self, text: str) -> str:
        """Keep a note and tell of it, in one transaction."""
        with self.database.transaction() as tx:
            return self.keep_in(tx, text)

    def keep_in(self, tx: Transaction, text: str) -> str:
        """Keep a note in a transaction."""
        note_id = new_id()
        outbox.add(tx, NoteKept(note_id=note_id, text=text))
        return note_id


consumer: Consumer[Messenger] = Consumer()


@consumer.on("note.kept", Note)
def copy(messenger: Messenger, tx: Transaction, event: Received[Note]) -> None:
    """Count how often a note took effect."""
    messenger.before(event)
    tx.execute("INSERT INTO effects (note_id, text) VALUES (%s, %s)", (event.data.note_id, event.data.text))
    messenger.after(event)


messengers: list[Messenger] = []
"""What `build` has made, the last for the application under test."""


def build(runtime: Runtime[MessengerSettings]) -> Messenger:
    """Make what the handlers work with."""
    messengers.append(Messenger(runtime.database))
    return messengers[-1]


SERVICE = Service(
    name="messenger",
    version="0.1.0",
    summary="Notes.",
    settings=MessengerSettings,
    apis=(),
    build=build,
    publishes=(NoteKept,),
    consumes=consumer,
)
