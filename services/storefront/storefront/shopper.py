"""Who is at the other end of a request."""

from __future__ import annotations

import time

from flask import Flask, Response, current_app, g, request, session

from shopkit.upstream import UpstreamError
from storefront import origin
from storefront.clients.answers import SignedOut
from storefront.cookies import AccountCookie
from storefront.renewal import Renewals, Tokens


class Shopper:
    """A shopper, signed in or not.

    Args:
        tokens: what the account's cookie holds.
        renewals: renew them.
    """

    def __init__(self, tokens: Tokens | None, renewals: Renewals) -> None:
        self.tokens = tokens
        self.changed = False
        self._renewals = renewals

    @property
    def signed_in(self) -> bool:
        """Whether there are tokens; a service may yet refuse them."""
        return self.tokens is not None

    def token(self) -> str:
        """Return an access token for a call, renewed if it is about to expire.

        Raises:
            SignedOut: there is none, or the session has ended.
            UpstreamError: it could not be renewed just now.
        """
        tokens, now = self.tokens, time.time()
        if tokens is None:
            raise SignedOut
        if not tokens.fresh(now):
            try:
                tokens = self._renewals.renew(tokens.refresh)
            except UpstreamError:
                if not tokens.usable(now):
                    raise
            else:
                self._take(tokens)
        return tokens.access

    def sign_in(self, tokens: Tokens) -> None:
        """Take the tokens of a new session. Forms made before are no longer good."""
        session.pop("csrf_token", None)
        g.pop("csrf_token", None)
        self._take(tokens)

    def sign_out(self) -> None:
        """Forget the tokens."""
        self._take(None)

    def _take(self, tokens: Tokens | None) -> None:
        self.tokens = tokens
        self.changed = True


def shopper() -> Shopper:
    """Return who is at the other end of this request."""
    known: Shopper | None = g.get("shopper")
    if known is None:
        extensions = current_app.extensions
        cookie: AccountCookie = extensions["storefront-account"]
        known = g.shopper = Shopper(cookie.read(request), extensions["storefront"].renewals)
    return known


def address() -> str:
    """Return the shopper's network address."""
    proxies: int = current_app.config["TRUSTED_PROXIES"]
    return origin.client_address(request.headers.get("X-Forwarded-For", ""), request.remote_addr or "", proxies)


def keep_tokens(app: Flask) -> None:
    """Write the account's cookie at the end of a request that has changed it."""
    cookie = AccountCookie(app)
    app.extensions["storefront-account"] = cookie

    @app.after_request
    def write(response: Response) -> Response:
        known: Shopper | None = g.get("shopper")
        if known is not None and known.changed:
            if known.tokens is None:
                cookie.clear(response)
            else:
                cookie.write(response, known.tokens)
        return response
