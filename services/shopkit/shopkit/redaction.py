"""The last guard of the logs: takes out what looks like a secret or like personal data, whoever wrote it.

The code does not log such things. Messages of libraries and errors may quote them all the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"
_SECRET_NAMES = re.compile("password|secret|token|authorization|cookie|api_key|card_number|e-?mail", re.IGNORECASE)
_SECRETS = re.compile(
    r"""
      (?<=://) [^/\s:@'"]* : [^/\s@'"]+ (?=@)             # user and password of a URL
    | (?<=\bBearer\ ) [^\s'",;]+                          # a token in a header
    | (?<=\bBasic\ ) [^\s'",;]+
    | \b eyJ[\w-]{6,} \. [\w-]+ (?:\.[\w-]*)?             # a JWT
    | \b (?:password|passwd|pwd|secret)=[^\s&'",;]+       # a connection string or a query
    | [\w.+%-]+ @ [\w-]+ (?:\.[\w-]+)+                    # an e-mail address
    | (?<![\w.-]) \d(?:[ -]?\d){12,18} (?![\w.-])         # the number of a card
    """,
    re.VERBOSE | re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return a text without what looks like a secret, an e-mail address or the number of a card."""
    return _SECRETS.sub(HIDDEN, text)


def redact_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be logged without secrets, by the names of fields and by what texts look like."""
    return {name: _redacted(name, value) for name, value in event.items()}


def _redacted(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return HIDDEN if _SECRET_NAMES.search(name) else redact(value)
    if isinstance(value, dict):
        return redact_event(value)
    if isinstance(value, list | tuple):
        return [_redacted(name, item) for item in value]
    return value
