"""Errors of the API as RFC 9457 problem details (application/problem+json)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "https://shopkeeper.dev/problems/"


class Problem(Exception):
    """An answer other than success; raise it anywhere in a request.

    Args:
        status: HTTP status code.
        slug: last part of the problem's `type`, such as ``insufficient-stock``.
        title: one sentence, the same for every occurrence of this type.
        detail: what went wrong this time and what to do about it.
        errors: one entry per fault, naming its `field`.
        headers: response headers, such as ``Retry-After``.
        extensions: further members of the problem object.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extensions = dict(extensions or {})

    def document(self, instance: str) -> dict[str, Any]:
        """Return the problem object; `instance` is the path of the request."""
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            **self.extensions,
        }
        if self.errors:
            body["errors"] = self.errors
        return body


def bad_request(detail: str) -> Problem:
    """400: the request cannot be read."""
    return Problem(400, "bad-request", "The request cannot be read", detail)


def unauthorized(detail: str) -> Problem:
    """401: who is asking is not known."""
    headers = {"WWW-Authenticate": 'Bearer realm="shop"'}
    return Problem(401, "unauthorized", "Authentication is needed", detail, headers=headers)


def forbidden(detail: str) -> Problem:
    """403: who is asking may not do this."""
    return Problem(403, "forbidden", "This is not allowed", detail)


def not_found(detail: str) -> Problem:
    """404: there is no such thing (or the asker must not know of it)."""
    return Problem(404, "not-found", "Not found", detail)


def conflict(slug: str, title: str, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> Problem:
    """409: the request contradicts the present state."""
    return Problem(409, slug, title, detail, errors=errors)


def invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """422: well-formed, but fields are wrong; each error has `field` and `detail`."""
    fields = ", ".join(str(error["field"]) for error in errors)
    return Problem(
        422, "validation", "The request is not valid", f"Mend these fields and send it again: {fields}.", errors=errors
    )


def unavailable(slug: str, detail: str, retry_after: int = 1) -> Problem:
    """503: try again after `retry_after` seconds."""
    headers = {"Retry-After": str(retry_after)}
    return Problem(503, slug, "The service cannot answer just now", detail, headers=headers)


def timed_out(detail: str) -> Problem:
    """504: the time the caller gives has run out."""
    return Problem(504, "timeout", "The answer did not come in time", detail)
