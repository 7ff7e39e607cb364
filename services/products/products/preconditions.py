"""Conditional requests (RFC 9110 §13): versions of a product as strong entity tags."""

from __future__ import annotations

import re

from flask import request
from werkzeug.datastructures import ETags

from shopkit.problems import Problem

# Exactly what `etag` writes: "03" is not the tag of version 3. Eighteen digits always fit a bigint.
_VERSION = re.compile("[1-9][0-9]{0,17}")


def etag(version: int) -> str:
    """Return the strong entity tag of a version."""
    return f'"{version}"'


def is_known_to_client(version: int) -> bool:
    """Tell whether If-None-Match of the current request names this version, so that 304 is the answer."""
    if "HTTP_IF_NONE_MATCH" not in request.environ:
        return False
    return request.if_none_match.contains_weak(str(version))


def required_versions() -> list[int] | None:
    """Return which versions If-Match of the current request lets change; None: any.

    Raises:
        Problem: 428 without If-Match.
    """
    if "HTTP_IF_MATCH" not in request.environ:
        raise Problem(
            428,
            "precondition-required",
            "The request must be conditional",
            "Send If-Match with the ETag of the product as you read it, so that nobody's change is lost.",
        )
    return versions(request.if_match)


def optional_versions() -> list[int] | None:
    """Return which versions If-Match of the current request lets change; None: any, also without If-Match."""
    return versions(request.if_match) if "HTTP_IF_MATCH" in request.environ else None


def versions(tags: ETags) -> list[int] | None:
    """Return the versions that entity tags name, by the strong comparison; None: any."""
    if tags.star_tag:
        return None
    # werkzeug reads the empty tag as None.
    return [int(tag) for tag in tags.as_set() if tag and _VERSION.fullmatch(tag)]


def failed(product_id: str) -> Problem:
    """412: somebody else has changed the product."""
    return Problem(
        412,
        "precondition-failed",
        "The product is not the one you know",
        f"Product {product_id} has changed since you read it: read it again, and send your change with its new ETag.",
    )
