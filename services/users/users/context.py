"""What the handlers work with."""

from __future__ import annotations

from dataclasses import dataclass

from users.accounts import Accounts
from users.repository import UserRepository
from users.sessions import Sessions
from users.signing import Signer


@dataclass(frozen=True)
class Users:
    """What the handlers work with."""

    accounts: Accounts
    users: UserRepository
    sessions: Sessions
    signer: Signer
