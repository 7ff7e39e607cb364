"""Refresh tokens: what the client holds, and what is stored of it."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass

_FAMILY_BYTES, _SECRET_BYTES = 16, 32
# 48 bytes are 64 characters without padding.
_TOKEN = re.compile("[A-Za-z0-9_-]{64}")


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token: a family that stays for the whole session, and a secret that is good for one use.

    Both are random: only who had a token of a family can name the family, and so end it.
    """

    family: bytes
    secret: bytes

    def __repr__(self) -> str:
        return "RefreshToken()"

    @property
    def text(self) -> str:
        """What the client gets."""
        return base64.urlsafe_b64encode(self.family + self.secret).decode("ascii")

    @property
    def family_hash(self) -> bytes:
        """What is stored of the family."""
        return hashlib.sha256(self.family).digest()

    @property
    def secret_hash(self) -> bytes:
        """What is stored of the secret: it is random, so that a fast hash keeps it."""
        return hashlib.sha256(self.secret).digest()

    def successor(self) -> RefreshToken:
        """Return the next token of the family."""
        return RefreshToken(self.family, secrets.token_bytes(_SECRET_BYTES))


def new_refresh_token() -> RefreshToken:
    """Return the first token of a new family."""
    return RefreshToken(secrets.token_bytes(_FAMILY_BYTES), secrets.token_bytes(_SECRET_BYTES))


def read_refresh_token(text: str) -> RefreshToken | None:
    """Return the token a client sent, or None if it is none."""
    if _TOKEN.fullmatch(text) is None:
        return None
    raw = base64.urlsafe_b64decode(text)
    return RefreshToken(raw[:_FAMILY_BYTES], raw[_FAMILY_BYTES:])
