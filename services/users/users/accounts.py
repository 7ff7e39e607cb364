"""Registering and logging in."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from shopkit import problems
from shopkit.database import Row
from shopkit.ids import new_id
from users.passwords import Passwords
from users.repository import UserRepository

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Accounts:
    """What can be done with accounts that takes a password. All of it can end in a 503, see `users.slots`."""

    users: UserRepository
    passwords: Passwords

    def register(self, email: str, password: str, name: str) -> Row:
        """Make a customer's account and return it.

        Raises:
            Problem: 409, the e-mail address has an account already.
        """
        row = self.users.add(new_id(), email, name, self.passwords.hash(password))
        if row is None:
            raise problems.conflict(
                "email-taken",
                "The e-mail address is taken",
                "There is an account with this e-mail address: log in, or take another one.",
                errors=[{"field": "email", "detail": "is taken"}],
            )
        _log.info("a user was registered", user_id=row["id"])
        return row

    def log_in(self, email: str, password: str) -> Row:
        """Return id and role of the user with these credentials.

        Raises:
            Problem: 401, the same for an unknown e-mail address and a wrong password.
        """
        row = self.users.find_login(email)
        verdict = self.passwords.check(row["password_hash"] if row else None, password)
        if row is None or not verdict.matches:
            raise problems.unauthorized("The e-mail address or the password is wrong.")
        if verdict.replacement:
            self.users.replace_hash(row["id"], row["password_hash"], verdict.replacement)
        return row
