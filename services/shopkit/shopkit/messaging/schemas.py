"""JSON Schemas of the messages that a service publishes, made from its models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from shopkit.messaging.events import Event
from shopkit.service import Service

FOLDER = "events"


def documents(service: Service[Any]) -> dict[str, str]:
    """Return file name and text of the schema of each event of a service."""
    return {f"{event.KEY}.v{event.VERSION}.json": _text(event, service.name) for event in service.publishes}


def write(service: Service[Any]) -> None:
    """Write the schemas into the folder `events` of a service, and remove those of events that are no more."""
    folder = service.folder / FOLDER
    made = documents(service)
    if made:
        folder.mkdir(exist_ok=True)
    for stale in committed(folder).keys() - made.keys():
        (folder / stale).unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


def committed(folder: Path) -> dict[str, str]:
    """Return file name and text of the schemas in a folder."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.json"))}


def _text(event: type[Event], service: str) -> str:
    return json.dumps(_schema(event, service), indent=2, ensure_ascii=False) + "\n"


def _schema(event: type[Event], service: str) -> dict[str, Any]:
    """Return the schema of the whole message: the CloudEvents members, and the data in its place."""
    data = event.model_json_schema(mode="serialization", ref_template="#/$defs/{model}")
    definitions = data.pop("$defs", {})
    properties: dict[str, Any] = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid"},
        "source": {"type": "string", "pattern": f"^/shops/[a-z0-9-]+/{service}$"},
        "type": {"const": event.type_name()},
        "subject": {"type": "string", "format": "uuid"},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "traceparent": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
        "data": data,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://shopkeeper.dev/events/{event.KEY}.v{event.VERSION}.json",
        "title": event.type_name(),
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **({"$defs": definitions} if definitions else {}),
    }
