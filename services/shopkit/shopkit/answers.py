"""What the answer of another service means, and whether it is its answer at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import urllib3

from shopkit.guard import Failure
from shopkit.problems import MEDIA_TYPE, TYPE_PREFIX

_TRANSIENT = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class UpstreamResponse:
    """An answer below 500."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


def is_strangers(answer: urllib3.BaseHTTPResponse) -> bool:
    """Tell whether an error is not of the service that was asked: every error of a service is a problem document.

    Such a one is of something in between: a router that no longer knows the pod, a proxy.
    """
    return answer.status >= 400 and answer.headers.get("Content-Type") != MEDIA_TYPE


def read(name: str, answer: urllib3.BaseHTTPResponse) -> UpstreamResponse:
    """Return an answer below 500.

    Args:
        name: of the service that was asked.
        answer: what came back.

    Raises:
        Failure: it is 500 and above, not JSON, or not of the service.
    """
    if answer.status == 504 and _says_so_itself(name, answer):
        # It works, something that it needs does not: no reason to stop asking it other things.
        raise Failure(f"{name} had no answer in time.", 504, maybe_done=True, transient=False, well=True)
    if answer.status >= 500:
        transient = answer.status in _TRANSIENT
        raise Failure(f"{name} answered {answer.status}.", 503, maybe_done=True, transient=transient)
    if is_strangers(answer):
        raise Failure(f"Something else than {name} answered {answer.status}.", 503, maybe_done=True)
    return UpstreamResponse(answer.status, _decode(name, answer), answer.headers)


def _says_so_itself(name: str, answer: urllib3.BaseHTTPResponse) -> bool:
    """Tell the problem document of a service from the 504 of something in between."""
    body = _decode(name, answer)
    return isinstance(body, dict) and str(body.get("type")).startswith(TYPE_PREFIX)


def _decode(name: str, answer: urllib3.BaseHTTPResponse) -> Any:
    if not answer.data:
        return None
    try:
        return orjson.loads(answer.data)
    except ValueError as error:
        raise Failure(f"{name} answered with something that is not JSON.", 503, maybe_done=True) from error
