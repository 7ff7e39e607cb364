"""What the handlers work with."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from users.accounts import Accounts
from users.addresses import client_address
from users.api_keys import ApiKeys
from users.repository import UserRepository
from users.sessions import Sessions
from users.signing import Signer


@dataclass(frozen=True)
class Users:
    """What the handlers work with.

    Attributes:
        proxies: how many proxies of ours a request has passed.
    """

    accounts: Accounts
    users: UserRepository
    sessions: Sessions
    api_keys: ApiKeys
    signer: Signer
    proxies: int

    def client_address(self) -> str:
        """Return where the current request comes from."""
        environ = request.environ
        return client_address(environ.get("HTTP_X_FORWARDED_FOR", ""), environ.get("REMOTE_ADDR", ""), self.proxies)
