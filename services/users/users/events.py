"""What users tell the other services: who has an account, and what to call and where to write to them."""

from __future__ import annotations

from shopkit.database import Row
from shopkit.ids import Id
from shopkit.messaging.events import Event


class _Account(Event):
    user_id: Id
    email: str
    name: str


class UserRegistered(_Account, key="user.registered", subject="user_id"):
    """Somebody has made an account."""


class UserUpdated(_Account, key="user.updated", subject="user_id"):
    """An account was changed, or made by the shop itself; this is how it is now."""


class UserDeleted(Event, key="user.deleted", subject="user_id"):
    """An account is gone; what else is kept of the person has to go, too."""

    user_id: Id


def registered(row: Row) -> UserRegistered:
    """Return the event for an account that was made."""
    return UserRegistered(user_id=row["id"], email=row["email"], name=row["name"])


def updated(row: Row) -> UserUpdated:
    """Return the event for an account that was changed."""
    return UserUpdated(user_id=row["id"], email=row["email"], name=row["name"])
