"""Fixtures for services that publish or consume events, without a broker."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import orjson
import pytest
from jsonschema import Draft202012Validator

from shopkit import context
from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.messaging import schemas, tables
from shopkit.messaging.events import TYPE_PREFIX, encode, routing_key, type_name
from shopkit.messaging.processing import Outcome
from shopkit.service import Service

SERVICES = Path(__file__).resolve().parents[3]


def check_contract(service: Service[Any]) -> None:
    """Compare a service's migrations and its folder `events` with the code. Raises AssertionError saying what to do."""
    migrations = "\n".join(path.read_text() for path in sorted((service.folder / "migrations").glob("*.sql")))
    for wanted, name in ((service.publishes, "OUTBOX"), (service.consumes, "INBOX")):
        if wanted:
            assert getattr(tables, name) in migrations, (
                f"copy the text shopkit.messaging.tables.{name} into a migration of {service.name}"
            )
    assert schemas.committed(service.folder / schemas.FOLDER) == schemas.documents(service), (
        f"run: python -m shopkit events {service.name}"
    )


class Published:
    """The events in the outbox of the service under test; what is read is held against the committed schemas."""

    def __init__(self, database: Database, service: Service[Any]) -> None:
        self._database = database
        self._service = service

    def messages(self) -> list[dict[str, Any]]:
        """Return all messages as the broker would get them, in the order in which they were written."""
        rows = self._database.fetch_all("SELECT * FROM outbox ORDER BY id")
        found = [orjson.loads(encode(f"/shops/test/{self._service.name}", row)) for row in rows]
        for message in found:
            _check(message, self._service.folder / schemas.FOLDER / _file(message))
        return found

    def keys(self) -> list[str]:
        """Return the routing keys of all events."""
        return [routing_key(message["type"]) for message in self.messages()]

    def of(self, key: str) -> list[dict[str, Any]]:
        """Return the data of all events with a routing key."""
        return [message["data"] for message in self.messages() if routing_key(message["type"]) == key]


class Deliver(Protocol):
    """Gives an event to the service under test, as if the broker had delivered it."""

    def __call__(self, key: str, data: dict[str, Any], *, event_id: str | None = None) -> Outcome: ...


@pytest.fixture
def published(database: Database, service: Service[Any]) -> Published:
    """The events that the service under test has written; none at first."""
    return Published(database, service)


@pytest.fixture
def deliver(app: ServiceApp, database: Database) -> Deliver:
    """Give an event to the service under test, the same again by `event_id`; what its handler raises is raised.

    The data must fit the schema that the publisher has committed.
    """
    processor = app.messaging.processor
    assert processor is not None, "the service consumes nothing"

    def give(key: str, data: dict[str, Any], *, event_id: str | None = None) -> Outcome:
        message = make_message(key, data, event_id)
        check_message(message)
        return processor.process(orjson.dumps(message))

    return give


def make_message(key: str, data: dict[str, Any], event_id: str | None = None) -> dict[str, Any]:
    """Return the message of an event (version 1) of whichever service publishes it."""
    entity = key.partition(".")[0]
    return {
        "specversion": "1.0",
        "id": event_id or new_id(),
        "source": f"/shops/test/{_publisher(key)}",
        "type": type_name(key, 1),
        "subject": data.get(f"{entity}_id", new_id()),
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        "traceparent": context.new_traceparent(),
        "data": data,
    }


def check_message(message: dict[str, Any]) -> None:
    """Hold a message against the schema its publisher has committed. Raises AssertionError naming what is wrong."""
    for found in SERVICES.glob(f"*/{schemas.FOLDER}/{_file(message)}"):
        _check(message, found)


def _file(message: dict[str, Any]) -> str:
    return str(message["type"]).removeprefix(TYPE_PREFIX) + ".json"


def _check(message: dict[str, Any], schema: Path) -> None:
    faults = [f"{fault.json_path}: {fault.message}" for fault in _validator(schema).iter_errors(message)]
    assert not faults, f"{message['type']} is not as {schema.relative_to(SERVICES)} says: {'; '.join(faults)}"


def _publisher(key: str) -> str:
    found = sorted(SERVICES.glob(f"*/{schemas.FOLDER}/{key}.v*.json"))
    return found[0].parents[1].name if found else "unknown"


@cache
def _validator(file: Path) -> Draft202012Validator:
    schema = json.loads(file.read_text())
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
