"""The two signed cookies: the session (basket, messages, CSRF) and the account (tokens).

They are two so that what changes the basket never writes tokens back that another request has renewed meanwhile.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer

from storefront import origin
from storefront.renewal import Tokens

ACCOUNT_SECONDS = 14 * 86_400
SESSION_SECONDS = 30 * 86_400
_PROXIES = "TRUSTED_PROXIES"


def secure() -> bool:
    """Tell whether the shopper's browser came by https."""
    from flask import current_app

    proxies: int = current_app.config[_PROXIES]
    return origin.is_https(request.headers.get("X-Forwarded-Proto", ""), request.scheme, proxies)


def _prefixed(name: str) -> str:
    """Return a cookie's name; with this prefix a browser takes it from this very host only, by https."""
    return f"__Host-{name}" if secure() else name


class ShopSessions(SecureCookieSessionInterface):
    """Flask's signed cookie; secure where the shopper came by https."""

    salt = "storefront-session"

    def get_cookie_name(self, _app: Flask) -> str:
        """Return the name of the cookie."""
        return _prefixed("session")

    def get_cookie_secure(self, _app: Flask) -> bool:
        """Tell whether the cookie is sent by https only."""
        return secure()


class _AccountSigner(SecureCookieSessionInterface):
    salt = "storefront-account"


class AccountCookie:
    """The cookie with a shopper's tokens.

    Args:
        app: whose keys sign it.
    """

    def __init__(self, app: Flask) -> None:
        serializer = _AccountSigner().get_signing_serializer(app)
        if serializer is None:
            raise RuntimeError("SECRET_KEY is not set")
        self._serializer: URLSafeTimedSerializer = serializer

    def read(self, received: Request) -> Tokens | None:
        """Return the tokens of a request; None if there are none of ours."""
        text = received.cookies.get(_prefixed("account"))
        if not text:
            return None
        try:
            values: Any = self._serializer.loads(text, max_age=ACCOUNT_SECONDS)
            return Tokens(values["a"], values["r"], float(values["e"]))
        except (BadSignature, KeyError, TypeError, ValueError):
            return None

    def write(self, response: Response, tokens: Tokens) -> None:
        """Store tokens."""
        text = self._serializer.dumps({"a": tokens.access, "r": tokens.refresh, "e": tokens.expires})
        response.set_cookie(
            _prefixed("account"), str(text), ACCOUNT_SECONDS, path="/", secure=secure(), httponly=True, samesite="Lax"
        )

    def clear(self, response: Response) -> None:
        """Remove the cookie."""
        response.delete_cookie(_prefixed("account"), path="/", secure=secure(), httponly=True, samesite="Lax")
