"""Registering, logging in, and changing one's own account."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from shopkit import problems
from shopkit.database import Row
from shopkit.ids import new_id
from shopkit.problems import Problem
from users.attempts import Attempts
from users.models import AccountChange
from users.passwords import Passwords, Verdict
from users.registrations import Registrations
from users.repository import UserRepository
from users.sessions import Session, Sessions
from users.throttling import Attempt, attempt_of

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Accounts:
    """What can be done with accounts that takes a password. All of it can end in a 503, see `users.slots`.

    `address` is the client's; a 429 is possible, see `users.attempts` and `users.registrations`.
    """

    users: UserRepository
    passwords: Passwords
    sessions: Sessions
    attempts: Attempts
    registrations: Registrations

    def register(self, email: str, password: str, name: str, address: str) -> Row:
        """Make a customer's account and return it.

        Raises:
            Problem: 409, the e-mail address has an account already; 429, too many accounts were made from the address.
        """
        # Before the password is hashed, and whatever comes of it: who asks which addresses are taken is counted, too.
        self.registrations.admit(address)
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

    def log_in(self, email: str, password: str, address: str) -> Session:
        """Begin a session of the user with these credentials.

        Raises:
            Problem: 401 or 429, the same for an unknown e-mail address and a wrong password.
        """
        row = self.users.find_login(email)
        verdict = self._check(attempt_of(email, address), row["password_hash"] if row else None, password)
        if row is None or not verdict.matches:
            raise _wrong_credentials()
        if verdict.replacement:
            self.users.replace_hash(row["id"], row["password_hash"], verdict.replacement)
        token = self.sessions.begin(row["id"], row["password_version"])
        if token is None:
            raise _wrong_credentials()  # the account was removed in this moment
        return Session(row["id"], row["role"], token)

    def change(self, user_id: str, change: AccountChange, address: str) -> Row:
        """Change an account and return it.

        Raises:
            Problem: 401, the account is gone; 403, the old password is wrong; 422, only one of the passwords is given;
                429, too many were wrong.
        """
        if change.password is not None and change.old_password is not None:
            row = self._change_password(user_id, change.old_password, change.password, change.name, address)
        elif change.password is not None or change.old_password is not None:
            missing = "password" if change.password is None else "old_password"
            raise problems.invalid([{"field": missing, "detail": "is missing: both passwords go together"}])
        elif change.name is not None:
            row = self.users.rename(user_id, change.name)
        else:
            row = self.users.get(user_id)
        if row is None:
            raise gone()
        return row

    def remove(self, user_id: str) -> None:
        """Remove an account.

        Raises:
            Problem: 401, it is gone already.
        """
        if not self.users.remove(user_id):
            raise gone()
        _log.info("a user removed the account", user_id=user_id)

    def _change_password(self, user_id: str, old: str, new: str, name: str | None, address: str) -> Row | None:
        known = self.users.credentials(user_id)
        if known is None:
            return None
        # Who has got hold of an access token must not learn the password by trying here instead of at the login.
        if not self._check(attempt_of(known["email"], address), known["password_hash"], old).matches:
            raise _wrong_password()
        row = self.users.change_password(user_id, known["password_version"], self.passwords.hash(new), name)
        if row is None and self.users.get(user_id) is not None:
            raise _wrong_password()  # another change came first, so the old password has become a wrong one
        if row is not None:
            _log.info("a password was changed", user_id=user_id)
        return row

    def _check(self, attempt: Attempt, stored: str | None, password: str) -> Verdict:
        self.attempts.admit(attempt)
        verdict = self.passwords.check(stored, password)
        if verdict.matches:
            self.attempts.succeeded(attempt)
        else:
            self.attempts.failed(attempt)
        return verdict


def gone() -> Problem:
    """401: the token's account does not exist any more."""
    return problems.unauthorized("The account of this token does not exist any more.")


def _wrong_credentials() -> Problem:
    return problems.unauthorized("The e-mail address or the password is wrong.")


def _wrong_password() -> Problem:
    # Not 401, which would tell clients that their token is at fault.
    return Problem(403, "wrong-password", "The password is wrong", "The old password is wrong: nothing was changed.")
