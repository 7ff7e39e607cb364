"""Names and addresses from events, made safe for mail headers and for the text of a mail."""

from __future__ import annotations

import re
import unicodedata
from email.headerregistry import Address

_MAX_NAME = 200
# As strict as the service `users`: nothing that could end a header or an SMTP command.
_PART = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = "[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_ADDRESS = re.compile(rf"({_LOCAL})@({_PART}(?:\.{_PART})*)")
_MAILBOX = re.compile(r'(?:(?P<quoted>"[^"\r\n]*")|(?P<plain>[^"<>\r\n]*?))\s*<(?P<address>[^<>\s]+)>')
# Marks that turn the direction of what follows: a name must not rewrite the sentence that it stands in.
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class AddressError(ValueError):
    """A text is no mail address. The message does not repeat it: addresses are personal."""


def one_line(text: str) -> str:
    """Return a text as one line without control characters, at most as long as a name may be."""
    kept = "".join(
        character
        if character not in _TURNS and unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        else " "
        for character in text
    )
    return " ".join(kept.split())[:_MAX_NAME]


def mailbox(address: str, name: str = "") -> Address:
    """Return the value of an address header.

    Args:
        address: such as sam@example.com.
        name: shown beside it.

    Raises:
        AddressError: the address is not one.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or len(address) > 254:
        raise AddressError("the address is not a mail address")
    return Address(one_line(name), username=found[1], domain=found[2])


def parse_mailbox(text: str) -> Address:
    """Return the parts of ``Name <address>`` or of an address alone. Raises AddressError."""
    found = _MAILBOX.fullmatch(text.strip())
    if found is None:
        return mailbox(text.strip())
    return mailbox(found["address"], (found["quoted"] or found["plain"] or "").strip('"'))
