"""Access tokens: signed with an Ed25519 key, checked by everyone with its public half.

cryptography and PyJWT are imported where they are used: the migration job imports this module for its settings only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from shopkit.auth import AUDIENCE
from shopkit.ids import new_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LIFETIME_SECONDS = 15 * 60
MACHINE_LIFETIME_SECONDS = 5 * 60
"""Shorter, for a machine can get the next one at any time, and a revoked key is to end soon."""
_PEM = re.compile("-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \\1-----", re.DOTALL)
_NO_KEY = "is not a private key in PEM without a passphrase"


class SigningKeyError(Exception):
    """The private key cannot be used; the message says why and does not quote it."""


def load_signing_keys(pem: str) -> list[Ed25519PrivateKey]:
    """Read private keys.

    Args:
        pem: one or more blocks of PKCS #8 in PEM, without a passphrase.

    Raises:
        SigningKeyError: there is none, one is no such key or not an Ed25519 one, or one is there twice.
    """
    blocks = [found[0] for found in _PEM.finditer(pem)]
    # What is left over is a block that was cut off, or no PEM at all: a key must not get lost unnoticed.
    if not blocks or _PEM.sub("", pem).strip():
        raise SigningKeyError(_NO_KEY)
    keys = [_load(block) for block in blocks]
    if len({key.private_bytes_raw() for key in keys}) < len(keys):
        raise SigningKeyError("holds the same key twice")
    return keys


def _load(pem: str) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SigningKeyError(_NO_KEY) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError("is a key of another kind: make one with `openssl genpkey -algorithm ed25519`")
    return key


def signing_key_fault(pem: str) -> str | None:
    """Return what is wrong with private keys, or None."""
    try:
        load_signing_keys(pem)
    except SigningKeyError as error:
        return str(error)
    return None


def thumbprint(x: str) -> str:
    """Return the RFC 7638 thumbprint of an Ed25519 public key, given its JWK member `x`."""
    # The members that RFC 8037 requires, in lexicographic order, without white space.
    canonical = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


class Signer:
    """Issues access tokens.

    Args:
        keys: private keys: the first signs, all are published. Thus a key is known everywhere before it signs, and
            as long as there may be tokens that it signed.
        issuer: named in every token; all services of the shop check it.
        clock: seconds since 1970.
    """

    def __init__(
        self, keys: Sequence[Ed25519PrivateKey], issuer: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = keys[0]
        self._issuer = issuer
        self._clock = clock
        self._published = [_public(key) for key in keys]
        self._headers = {"kid": self._published[0]["kid"]}

    def sign(self, user_id: str, role: str) -> str:
        """Return a token of this user, good for `LIFETIME_SECONDS`."""
        return self._sign({"sub": user_id, "role": role}, LIFETIME_SECONDS)

    def sign_for_machine(self, user_id: str, role: str, key_id: str, scopes: Sequence[str]) -> str:
        """Return a token of this user's API key, good for these scopes and for `MACHINE_LIFETIME_SECONDS`.

        The claims `client_id` and `scope` are those of RFC 9068.
        """
        claims = {"sub": user_id, "role": role, "client_id": key_id, "scope": " ".join(scopes)}
        return self._sign(claims, MACHINE_LIFETIME_SECONDS)

    def _sign(self, about: dict[str, str], lifetime: int) -> str:
        import jwt

        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            **about,
            "iat": now,
            "exp": now + lifetime,
            "jti": new_id(),
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers=self._headers)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the JWKS document: the public keys that tokens are checked with."""
        return {"keys": self._published}


def _public(key: Ed25519PrivateKey) -> dict[str, str]:
    x = _base64url(key.public_key().public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": thumbprint(x), "alg": "EdDSA", "use": "sig"}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
