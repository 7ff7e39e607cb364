"""Answers of services that are no success."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shopkit.problems import TYPE_PREFIX, Problem
from shopkit.upstream import UpstreamResponse


class SignedOut(Exception):
    """The shopper has to sign in (again)."""


class Refused(Exception):
    """A service refused what it was asked for.

    Attributes:
        status: HTTP status.
        slug: last part of the problem's type.
        errors: faults by field.
        body: the problem document.
        retry_after: seconds to wait, if the service said so.
    """

    def __init__(self, answer: UpstreamResponse) -> None:
        body = answer.body if isinstance(answer.body, dict) else {}
        super().__init__(str(body.get("detail", answer.status)))
        self.status = answer.status
        self.slug = str(body.get("type", "")).removeprefix(TYPE_PREFIX)
        self.errors: Sequence[Mapping[str, Any]] = [e for e in body.get("errors", ()) if isinstance(e, dict)]
        self.body: Mapping[str, Any] = body
        seconds = answer.headers.get("Retry-After", "")
        self.retry_after = int(seconds) if seconds.isascii() and seconds.isdigit() else None


NO_ANSWER = (Problem, Refused)
"""What calls raise that bring nothing to show: for what a page can do without."""


def body_of(answer: UpstreamResponse) -> Any:
    """Return the body of a success.

    Raises:
        SignedOut: 401, the token is not good any more.
        Refused: any other refusal.
    """
    if answer.status == 401:
        raise SignedOut
    if answer.status >= 400:
        raise Refused(answer)
    return answer.body


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a shopper's token."""
    return {"Authorization": f"Bearer {token}"}
