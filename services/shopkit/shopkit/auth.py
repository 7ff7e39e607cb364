"""Who is asking: access tokens (JWT, EdDSA) of shoppers and administrators, one shared token between services."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from flask import request

from shopkit import problems
from shopkit.ids import is_id

AUDIENCE = "shop"
ROLES = ("customer", "admin")


@dataclass(frozen=True, slots=True)
class User:
    """The bearer of an access token."""

    id: str
    role: str

    @property
    def is_admin(self) -> bool:
        """Whether this user administers the shop."""
        return self.role == "admin"


@dataclass(frozen=True)
class Requirement:
    """What a route asks of its caller: a user (of one role, if named), or another service."""

    scheme: str
    role: str | None = None


require_user = Requirement("user")
require_internal = Requirement("internal")


def require_role(role: str) -> Requirement:
    """Ask for a user of this role."""
    if role not in ROLES:
        raise ValueError(f"unknown role {role!r}: it is one of {', '.join(ROLES)}")
    return Requirement("user", role)


class KeySource(Protocol):
    """Where public keys come from."""

    def key(self, kid: str) -> Any | None:
        """Return the Ed25519 public key with this id, or None. Raises Problem (503) if keys cannot be had."""


class TokenVerifier:
    """Checks access tokens.

    Args:
        issuer: the issuer that a token must name.
        keys: public keys by id.
    """

    def __init__(self, issuer: str, keys: KeySource) -> None:
        self._issuer = issuer
        self._keys = keys

    def verify(self, token: str) -> User:
        """Return the user a token stands for.

        Raises:
            Problem: 401 for a token that is malformed, expired, of another issuer, or not signed by a key of ours.
        """
        # Imported at the first token: with cryptography it weighs 9 MiB, which a service nobody asks does not spend.
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            kid = header.get("kid")
            if header.get("alg") != "EdDSA" or not isinstance(kid, str):
                raise problems.unauthorized("The token is not one of this shop's.")
            key = self._keys.key(kid)
            if key is None:
                raise problems.unauthorized("The token is signed by a key this shop does not know.")
            claims = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=self._issuer,
                options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise problems.unauthorized("The token has expired: log in again.") from None
        except jwt.InvalidTokenError:
            raise problems.unauthorized("The token is not valid.") from None
        return _user(claims)


def _user(claims: dict[str, Any]) -> User:
    subject, role = claims["sub"], claims.get("role")
    if not isinstance(subject, str) or not is_id(subject) or role not in ROLES:
        raise problems.unauthorized("The token names no user of this shop.")
    return User(subject.lower(), role)


Guard = Callable[[], "User | None"]
"""Checks the current request; returns its user (None where a service is the caller), raises a Problem otherwise."""


def user_guard(verifier: TokenVerifier, role: str | None) -> Guard:
    """Return the check for `require_user` and `require_role`."""

    def guard() -> User:
        user = verifier.verify(_bearer_token())
        if role is not None and user.role != role:
            raise problems.forbidden(f"Only a user with the role {role} may do this.")
        return user

    return guard


def internal_guard(token: str) -> Guard:
    """Return the check for `require_internal`: the shared token, compared in constant time."""
    expected = token.encode()

    def guard() -> None:
        if not hmac.compare_digest(_bearer_token().encode("utf-8", "surrogateescape"), expected):
            raise problems.unauthorized("The token is not valid.")

    return guard


def _bearer_token() -> str:
    header = request.environ.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise problems.unauthorized("Send the header Authorization: Bearer <token>.")
    return str(token.strip())
