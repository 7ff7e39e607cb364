"""Identifiers: UUIDv7 in canonical lower-case text, everywhere (rows, JSON, tokens, paths)."""

from __future__ import annotations

import re
from typing import Annotated

import uuid_utils
from pydantic import AfterValidator, Field

UUID_REGEX = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_UUID = re.compile(UUID_REGEX)

Id = Annotated[
    str,
    Field(pattern=f"^{UUID_REGEX}$", json_schema_extra={"format": "uuid"}),
    AfterValidator(str.lower),
]
"""Type of an identifier in a request or response model."""


def new_id() -> str:
    """Return a new UUIDv7: ids made later sort later, so that a list ordered by id is ordered by time."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Tell whether the text is a UUID in its 36 character form."""
    return _UUID.fullmatch(text) is not None
