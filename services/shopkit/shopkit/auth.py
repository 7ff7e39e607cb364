"""Who is asking: access tokens (JWT, EdDSA) of shoppers and administrators, one shared token between services."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from flask import request

from shopkit import problems
from shopkit.ids import is_id
from shopkit.problems import Problem

AUDIENCE = "shop"
ROLES = ("customer", "admin")


@dataclass(frozen=True, slots=True)
class User:
    """The bearer of an access token.

    Attributes:
        id: who it is.
        role: what this user may do at most.
        scopes: what the token is good for; None: for all that the role may do.
    """

    id: str
    role: str
    scopes: frozenset[str] | None = None

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
    scope = claims.get("scope")
    if scope is not None and not isinstance(scope, str):
        raise problems.unauthorized("The token's scope is not a list of words.")
    return User(subject.lower(), role, None if scope is None else frozenset(scope.split()))


Guard = Callable[[], "User | None"]
"""Checks the current request; returns its user (None where a service is the caller), raises a Problem otherwise."""


def needed_scope(service: str, method: str) -> str:
    """Return what the token of a machine must be good for, such as ``orders:read``."""
    return f"{service}:{'read' if method in ('GET', 'HEAD') else 'write'}"


def user_guard(verifier: TokenVerifier, role: str | None, scope: str) -> Guard:
    """Return the check for `require_user` and `require_role`.

    Args:
        verifier: checks the token.
        role: the role that is asked for; None: any.
        scope: what a token must be good for, if it has a scope at all.
    """

    def guard() -> User:
        user = verifier.verify(_bearer_token())
        if user.scopes is not None and scope not in user.scopes:
            raise _insufficient(scope)
        if role is not None and user.role != role:
            raise problems.forbidden(f"Only a user with the role {role} may do this.")
        return user

    return guard


def _insufficient(scope: str) -> Problem:
    # RFC 6750, section 3.1.
    challenge = f'Bearer realm="shop", error="insufficient_scope", scope="{scope}"'
    detail = f"The token is not good for this: it needs the scope {scope}."
    headers = {"WWW-Authenticate": challenge}
    return Problem(403, "insufficient-scope", "This is not allowed", detail, headers=headers)


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
