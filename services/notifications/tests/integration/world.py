"""What the tests do to the service, and what they read of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shopkit.app import ServiceApp
from shopkit.background import Background, Job
from shopkit.database import Database, Row

Replica = Callable[..., ServiceApp]

USER = "0197f0a0-0000-7000-8000-0000000000a1"
OTHER = "0197f0a0-0000-7000-8000-0000000000a2"
SAM: dict[str, Any] = {"user_id": USER, "email": "sam@example.com", "name": "Sam Miller"}
ORDER: dict[str, Any] = {
    "order_id": "0197f0a0-0000-7000-8000-0000000000b1",
    "user_id": USER,
    "currency": "EUR",
    "total": 3998,
    "lines": [
        {
            "product_id": "0197f0a0-0000-7000-8000-0000000000c1",
            "name": "Lamp",
            "quantity": 2,
            "unit_price": 1999,
            "total": 3998,
        }
    ],
}
_MAILS = """
SELECT told.kind, mails.status, mails.attempts, mails.handovers, mails.reason
FROM mails JOIN notifications AS told ON told.id = mails.notification_id ORDER BY told.id"""


def job(app: ServiceApp, name: str) -> Job:
    """Return one of the service's background jobs."""
    background: Background = app.runtime.background
    return next(job for job in background.jobs if job.name == name)


def send_all(app: ServiceApp) -> None:
    """Run the sender until nothing is due."""
    work: Callable[[], bool] = job(app, "send-mails").work
    while work():
        pass


def make_due(database: Database) -> None:
    """Let the time pass until the next attempt of each mail."""
    database.execute(
        "UPDATE mails SET next_attempt_at = now() WHERE status = 'pending' AND next_attempt_at < 'infinity'"
    )


def mails_of(database: Database) -> list[Row]:
    """Return all mails."""
    return database.fetch_all(_MAILS)


def statuses(database: Database) -> list[tuple[str, str]]:
    """Return kind and status of all mails."""
    return [(row["kind"], row["status"]) for row in mails_of(database)]
