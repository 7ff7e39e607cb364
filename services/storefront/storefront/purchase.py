"""The purchase under way: the key under which its order is placed, whatever is clicked how often. No I/O.

The key belongs to what is ordered: as long as the basket is the same, all forms have the same key, in all tabs and
after each reload, and so there is one order. A purchase ends when its order is confirmed or has failed; then the same
basket makes another order.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from typing import Any

from shopkit.ids import is_id, new_id

_ENTRY = "checkout"


def key_for(session: MutableMapping[str, Any], lines: str) -> str:
    """Return the key for an order of these lines, a new one if they are others than those of the present purchase."""
    entry = session.get(_ENTRY)
    if isinstance(entry, dict) and entry.get("lines") == _mark(lines) and is_id(str(entry.get("key"))):
        return str(entry["key"])
    key = new_id()
    session[_ENTRY] = {"key": key, "lines": _mark(lines)}
    return key


def placed(session: MutableMapping[str, Any], order_id: str) -> None:
    """Remember the order of the present purchase."""
    entry = session.get(_ENTRY)
    session[_ENTRY] = {**(entry if isinstance(entry, dict) else {}), "order": order_id}


def is_of(session: MutableMapping[str, Any], order_id: str) -> bool:
    """Tell whether an order is that of the present purchase."""
    entry = session.get(_ENTRY)
    return isinstance(entry, dict) and entry.get("order") == order_id


def end(session: MutableMapping[str, Any]) -> None:
    """End the present purchase."""
    if _ENTRY in session:
        session.pop(_ENTRY)


def _mark(lines: str) -> str:
    """Return what tells lines apart, short enough for a cookie."""
    return hashlib.sha256(lines.encode()).hexdigest()[:16]
