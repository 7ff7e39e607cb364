"""What shoppers type, and what is wrong with it. No I/O; the services have the last word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MIN_PASSWORD, MAX_PASSWORD = 8, 128
MAX_EMAIL, MAX_NAME = 254, 200


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field; an empty field is the whole form."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Faults:
    """All that is wrong with a form."""

    items: tuple[Fault, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.items)

    def of(self, field: str) -> str | None:
        """Return what is wrong with a field."""
        return next((fault.message for fault in self.items if fault.field == field), None)


NO_FAULTS = Faults()


def fault(field: str, message: str) -> Faults:
    """Return a single fault."""
    return Faults((Fault(field, message),))


@dataclass(frozen=True, slots=True)
class SignIn:
    """The form of signing in."""

    email: str = ""
    password: str = ""

    def faults(self) -> Faults:
        """Return what is wrong."""
        return _collect(
            ("email", None if self.email else "Enter your e-mail address."),
            ("password", None if self.password else "Enter your password."),
        )


@dataclass(frozen=True, slots=True)
class SignUp:
    """The form of signing up."""

    name: str = ""
    email: str = ""
    password: str = ""

    def faults(self) -> Faults:
        """Return what is wrong."""
        return _collect(
            ("name", name_fault(self.name)),
            ("email", _email_fault(self.email)),
            ("password", password_fault(self.password)),
        )


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """The form of changing the password."""

    old_password: str = ""
    password: str = ""

    def faults(self) -> Faults:
        """Return what is wrong."""
        return _collect(
            ("old_password", None if self.old_password else "Enter your present password."),
            ("password", password_fault(self.password)),
        )


def name_fault(name: str) -> str | None:
    """Return what is wrong with a person's name."""
    if not name:
        return "Enter your name."
    return None if len(name) <= MAX_NAME else f"Use at most {MAX_NAME} characters."


def password_fault(password: str) -> str | None:
    """Return what is wrong with a new password."""
    if len(password) < MIN_PASSWORD:
        return f"Choose a password of at least {MIN_PASSWORD} characters."
    return None if len(password) <= MAX_PASSWORD else f"Use at most {MAX_PASSWORD} characters."


def from_service(errors: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> Faults:
    """Return what a service said is wrong, as far as the form has these fields; else a fault of the whole form."""
    known = {str(error.get("field")): str(error.get("detail", "is not valid")) for error in errors}
    found = tuple(Fault(field, f"This {known[field]}.") for field in fields if field in known)
    return Faults(found or (Fault("", "This could not be accepted. Check what you entered and try again."),))


def quantity(text: str | None, most: int) -> int | None:
    """Return a quantity from 0 on, at most the given one; None if it is not a number."""
    stripped = (text or "").strip()
    if not (stripped.isascii() and stripped.isdigit()) or len(stripped) > 9:
        return None
    return min(most, int(stripped))


def _email_fault(email: str) -> str | None:
    local, at, domain = email.partition("@")
    if not email:
        return "Enter your e-mail address."
    fine = at and local and domain and " " not in email and len(email) <= MAX_EMAIL and email.isascii()
    return None if fine else "Enter an e-mail address such as ann@example.com."


def _collect(*checked: tuple[str, str | None]) -> Faults:
    return Faults(tuple(Fault(field, message) for field, message in checked if message))
