"""Signs access tokens as users does."""

import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from charts.tests.helm import Object

ISSUER = "shopkeeper/test/demo"
USER = "0192f7a0-0000-7000-8000-000000000001"


@dataclass(frozen=True)
class Signer:
    """A signing key.

    Attributes:
        kid: how tokens name it.
        key: the private key.
    """

    kid: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> bytes:
        """Return the public key's 32 bytes."""
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def jwk(self) -> Object:
        """Return the public key as it stands in a JWKS document."""
        x = base64.urlsafe_b64encode(self.public).rstrip(b"=").decode()
        return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.kid, "alg": "EdDSA", "use": "sig"}

    def token(self, *, kid: str | None = None, **claims: Any) -> str:
        """Return a token that is good, but for the claims given; a claim None is left out."""
        return jwt.encode(payload(claims), self.key, "EdDSA", {"kid": kid or self.kid})


def payload(claims: Object) -> Object:
    """Return the claims of a good token, but for those given."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": "shop", "sub": USER, "role": "customer", "iat": now, "exp": now + 900}
    return {name: value for name, value in {**good, **claims}.items() if value is not None}


def unsigned(**claims: Any) -> str:
    """Return a token that says it needs no signature."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, payload(claims)))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}
