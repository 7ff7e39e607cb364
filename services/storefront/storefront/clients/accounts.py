"""The service `users`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from shopkit.upstream import Upstream, UpstreamError
from storefront.clients.answers import Refused, bearer, body_of
from storefront.orders_view import time_of
from storefront.renewal import Tokens

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Profile:
    """A shopper's account."""

    name: str
    email: str
    created_at: datetime


class Accounts:
    """Signs shoppers up, in and out, and changes their accounts.

    Args:
        users: the service.
        clock: seconds since the epoch.
    """

    def __init__(self, users: Upstream, clock: Callable[[], float] = time.time) -> None:
        self._users = users
        self._clock = clock

    def register(self, name: str, email: str, password: str) -> None:
        """Make an account.

        Raises:
            Refused: 409, the address is taken; 422, something is wrong with the fields.
        """
        body_of(self._users.post("/api/v1/register", {"name": name, "email": email, "password": password}))

    def sign_in(self, email: str, password: str, address: str) -> Tokens:
        """Begin a session.

        Args:
            email: who.
            password: the proof.
            address: the shopper's, by which the service counts failures.

        Raises:
            SignedOut: address or password are wrong.
            Refused: 429, too many failures.
        """
        answer = self._users.call(
            "POST",
            "/api/v1/login",
            {"email": email, "password": password},
            headers={"X-Forwarded-For": address},
        )
        return self._tokens(body_of(answer))

    def refresh(self, refresh_token: str) -> Tokens:
        """Get the next tokens of a session. Raises SignedOut when it has ended."""
        asked = self._clock()
        return self._tokens(body_of(self._users.post("/api/v1/token/refresh", {"refresh_token": refresh_token})), asked)

    def sign_out(self, refresh_token: str) -> None:
        """End a session; if that cannot be done now it ends by itself, when its tokens expire."""
        try:
            self._users.post("/api/v1/logout", {"refresh_token": refresh_token}, idempotent=True)
        except UpstreamError as error:
            _log.warning("a session was not ended", cause=error.detail)

    def profile(self, token: str) -> Profile:
        """Return the account. Raises SignedOut when it is gone."""
        return _profile(body_of(self._users.call("GET", "/api/v1/users/me", headers=bearer(token))))

    def rename(self, token: str, name: str) -> None:
        """Change the name. Raises Refused (422)."""
        body_of(self._users.call("PATCH", "/api/v1/users/me", {"name": name}, idempotent=True, headers=bearer(token)))

    def change_password(self, token: str, old: str, new: str, address: str) -> None:
        """Change the password, which ends all sessions.

        Raises:
            Refused: 403, the old one is wrong; 422; 429, too many failures.
        """
        body = {"old_password": old, "password": new}
        headers = {**bearer(token), "X-Forwarded-For": address}
        body_of(self._users.call("PATCH", "/api/v1/users/me", body, headers=headers))

    def remove(self, token: str) -> None:
        """Remove the account."""
        body_of(self._users.call("DELETE", "/api/v1/users/me", headers=bearer(token)))

    def _tokens(self, body: Any, asked: float | None = None) -> Tokens:
        begun = self._clock() if asked is None else asked
        return Tokens(body["access_token"], body["refresh_token"], begun + body["expires_in"])


def waiting_time(refused: Refused) -> str:
    """Return how long to wait after too many failures, for reading."""
    seconds = refused.retry_after or 60
    if seconds < 90:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    return f"{round(seconds / 60)} minutes"


def _profile(body: Any) -> Profile:
    return Profile(body["name"], body["email"], time_of(body["created_at"]))
