"""Access tokens: signed with an Ed25519 key, checked by everyone with its public half.

cryptography and PyJWT are imported where they are used: the migration job imports this module for its settings only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from shopkit.auth import AUDIENCE
from shopkit.ids import new_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LIFETIME_SECONDS = 15 * 60


class SigningKeyError(Exception):
    """The private key cannot be used; the message says why and does not quote it."""


def load_signing_key(pem: str) -> Ed25519PrivateKey:
    """Read a private key.

    Args:
        pem: PKCS #8 in PEM, without a passphrase.

    Raises:
        SigningKeyError: this is no such key, or not an Ed25519 one.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SigningKeyError("is not a private key in PEM without a passphrase") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError("is a key of another kind: make one with `openssl genpkey -algorithm ed25519`")
    return key


def signing_key_fault(pem: str) -> str | None:
    """Return what is wrong with a private key, or None."""
    try:
        load_signing_key(pem)
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
        key: the private key.
        issuer: named in every token; all services of the shop check it.
        clock: seconds since 1970.
    """

    def __init__(self, key: Ed25519PrivateKey, issuer: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._issuer = issuer
        self._clock = clock
        self._x = _base64url(key.public_key().public_bytes_raw())
        self._headers = {"kid": thumbprint(self._x)}

    def sign(self, user_id: str, role: str) -> str:
        """Return a token of this user, good for `LIFETIME_SECONDS`."""
        import jwt

        now = int(self._clock())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": user_id,
            "role": role,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": new_id(),
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA", headers=self._headers)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the JWKS document: the public key that tokens are checked with."""
        public = {"kty": "OKP", "crv": "Ed25519", "x": self._x, **self._headers, "alg": "EdDSA", "use": "sig"}
        return {"keys": [public]}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
