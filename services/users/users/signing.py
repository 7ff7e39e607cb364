"""Access tokens: signed with an Ed25519 key, checked by everyone with its public half.

cryptography and PyJWT are imported where they are used: the migration job imports this module for its settings only.
"""

from __future__ import annotations

import base64
import hashlib
import json
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
        """Return the JWKS document: the public key that tokens are checked with."""
        public = {"kty": "OKP", "crv": "Ed25519", "x": self._x, **self._headers, "alg": "EdDSA", "use": "sig"}
        return {"keys": [public]}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
