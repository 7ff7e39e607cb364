"""From the bytes and strings of a request to pydantic models, with an answer that names each wrong field."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from shopkit import problems
from shopkit.problems import Problem


class Schema(BaseModel):
    """Base of all request and response models: unknown fields are refused."""

    # What somebody sent must not get into the log by way of an error message.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


Model = TypeVar("Model", bound=BaseModel)


def read_body(model: type[Model]) -> Model:
    """Parse the JSON body of the current request.

    Raises:
        Problem: 415 for another content type, 413 for a body over the limit, 400 for broken JSON,
            422 for unknown, missing or wrong fields.
    """
    mimetype = request.mimetype
    if mimetype != "application/json" and not (mimetype.startswith("application/") and mimetype.endswith("+json")):
        raise Problem(
            415,
            "unsupported-media-type",
            "The content type is not supported",
            f"Send the body as application/json, not {mimetype or 'without a Content-Type'}.",
            headers={"Accept": "application/json"},
        )
    raw = read_bytes()
    # PostgreSQL text cannot hold NUL; the substring test keeps this free for every body without one.
    if b"\\u0000" in raw:
        _refuse_nul(raw)
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        mended = _with_whole_numbers(raw, error)
        if mended is None:
            raise _problem(error) from None
    try:
        return model.model_validate_json(mended, strict=True)
    except ValidationError as error:
        raise _problem(error) from None


def read_bytes() -> bytes:
    """Return the body of the current request.

    Raises:
        RequestEntityTooLarge: it is longer than `request.max_content_length`.
    """
    # Kept: a handler that checks a signature needs the very bytes.
    raw = request.get_data()
    limit = request.max_content_length
    # A body without a length is cut off at the limit, not refused: one that fills the limit was too long.
    if request.content_length is None and limit is not None and len(raw) >= limit:
        raise RequestEntityTooLarge
    return raw


def require_media_type(allowed: Collection[str]) -> None:
    """Let only bodies of these media types through.

    Raises:
        Problem: 415 for another content type.
    """
    if request.mimetype not in allowed:
        raise Problem(
            415,
            "unsupported-media-type",
            "The content type is not supported",
            f"Send the body as {' or '.join(allowed)}, not {request.mimetype or 'without a Content-Type'}.",
            headers={"Accept": ", ".join(allowed)},
        )


def _with_whole_numbers(raw: bytes, error: ValidationError) -> str | None:
    """Return the body with 2.0 written as 2, if that is why it was refused: to JSON both are the same integer."""
    inputs = [fault["input"] for fault in error.errors(include_url=False) if fault["type"] == "int_type"]
    if not any(isinstance(value, float) and value.is_integer() for value in inputs):
        return None

    def number(text: str) -> int | float:
        value = float(text)
        return int(value) if value.is_integer() else value

    return json.dumps(json.loads(raw, parse_float=number))


def read_query(model: type[Model]) -> Model:
    """Parse the query string of the current request.

    Raises:
        Problem: 422 for unknown, repeated or wrong parameters.
    """
    values: dict[str, str] = {}
    faults = []
    for name, found in request.args.lists():
        values[name] = found[0]
        if len(found) > 1:
            faults.append({"field": name, "detail": "is given more than once"})
        elif "\x00" in found[0] or "\x00" in name:
            faults.append({"field": name.replace("\x00", "?"), "detail": "contains a NUL character"})
    if faults:
        raise problems.invalid(faults)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _problem(error) from None


def field_name(location: Iterable[str | int]) -> str:
    """Spell pydantic's location the way a person writes it: ``lines[2].quantity``."""
    name = ""
    for part in location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name or "(body)"


def _problem(error: ValidationError) -> Problem:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return problems.bad_request(f"The body is not valid JSON: {faults[0]['msg'].partition(': ')[2]}.")
    return problems.invalid(faults_of(error))


def faults_of(error: ValidationError) -> list[dict[str, str]]:
    """Return what is wrong, one entry per fault with `field` and `detail`."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [_fault(fault) for fault in found]


def _fault(fault: Mapping[str, Any]) -> dict[str, str]:
    detail = {"extra_forbidden": "is not known", "missing": "is missing"}.get(fault["type"], fault["msg"])
    return {"field": field_name(fault["loc"]), "detail": detail}


def _refuse_nul(raw: bytes) -> None:
    try:
        found = list(_nul_fields(json.loads(raw), ()))
    except (ValueError, RecursionError):
        return  # not JSON, or nested too deeply: the parser that follows says so
    if found:
        raise problems.invalid([{"field": field_name(f), "detail": "contains a NUL character"} for f in found])


def _nul_fields(value: object, location: tuple[str | int, ...]) -> Iterable[tuple[str | int, ...]]:
    if isinstance(value, str) and "\x00" in value:
        yield location
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nul_fields(item, (*location, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _nul_fields(item, (*location, name.replace("\x00", "?")))
            if "\x00" in name:
                yield (*location, name.replace("\x00", "?"))
