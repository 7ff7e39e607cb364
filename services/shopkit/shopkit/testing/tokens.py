"""Access tokens for tests, signed by a key made for the session."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from shopkit.auth import AUDIENCE
from shopkit.ids import new_id
from shopkit.keys import StaticKeys

ISSUER = "shopkeeper/test/test"
INTERNAL_TOKEN = "internal-token-of-the-tests"


class Tokens:
    """Mints tokens.

    Attributes:
        keys: the public side, for `create_app`.
    """

    def __init__(self, kid: str = "test-key") -> None:
        self._kid = kid
        self._private = Ed25519PrivateKey.generate()
        self.keys = StaticKeys(self.jwks())

    def jwks(self) -> dict[str, Any]:
        """Return the JWKS document with the public key."""
        public = json.loads(OKPAlgorithm.to_jwk(self._private.public_key()))
        return {"keys": [{**public, "kid": self._kid, "alg": "EdDSA", "use": "sig"}]}

    def mint(self, user_id: str | None = None, role: str = "customer", **changed: Any) -> str:
        """Return a token; keyword arguments replace claims (None removes one)."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id or new_id(),
            "role": role,
            "iat": now,
            "exp": now + 900,
            "jti": new_id(),
            **changed,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self._private, algorithm="EdDSA", headers={"kid": self._kid})

    def user(self, user_id: str | None = None) -> dict[str, str]:
        """Return the headers of a customer."""
        return {"Authorization": f"Bearer {self.mint(user_id)}"}

    def admin(self) -> dict[str, str]:
        """Return the headers of an administrator."""
        return {"Authorization": f"Bearer {self.mint(role='admin')}"}

    def internal(self) -> dict[str, str]:
        """Return the headers of another service of the shop."""
        return {"Authorization": f"Bearer {INTERNAL_TOKEN}"}
