"""What schemathesis sends instead of random ids: products that exist, so that orders come further than to a refusal."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

import schemathesis

_PRODUCTS = os.environ["KNOWN_PRODUCTS"].split(",")


@schemathesis.hook
def map_body(_context: schemathesis.HookContext, body: Any) -> Any:
    """Name known products in the lines of orders and carts; what is wrong on purpose stays wrong."""
    lines = body.get("lines") if isinstance(body, dict) else None
    if isinstance(lines, list) and len(lines) <= len(_PRODUCTS):
        for line, known in zip(lines, _PRODUCTS, strict=False):
            if isinstance(line, dict) and _is_uuid(line.get("product_id")):
                line["product_id"] = known
    return body


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
