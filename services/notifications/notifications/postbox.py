"""The mails to send: the table `mails`. Several senders may use it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifications.kinds import Kind
from notifications.policy import MAX_HANDOVERS, Again, Failed
from shopkit.database import Database

# The claim is a lease: what a sender that dies leaves behind is due again when it ends.
_CLAIM = """
WITH claimed AS (
    UPDATE mails SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => %(lease)s)
    WHERE notification_id = (
        SELECT notification_id FROM mails WHERE status = 'pending' AND next_attempt_at <= now()
        ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING notification_id, attempts, handovers
)
SELECT
    told.id, told.kind, told.data, told.created_at, contact.email, contact.name, claimed.attempts, claimed.handovers
FROM claimed
JOIN notifications AS told ON told.id = claimed.notification_id
JOIN contacts AS contact ON contact.user_id = told.user_id"""
# No row: the lease has ended and somebody else has the mail, or its user is gone.
_HAND_OVER = """
UPDATE mails SET handovers = handovers + 1, next_attempt_at = now() + make_interval(secs => %(lease)s)
WHERE notification_id = %(id)s AND status = 'pending' AND attempts = %(attempts)s AND handovers < %(most)s"""
# Whoever else has the mail by now does not get it handed over any more.
_SENT = """
UPDATE mails SET status = 'sent', reason = NULL, settled_at = now()
WHERE notification_id = %s AND status = 'pending'"""
_POSTPONE = """
UPDATE mails SET
    handovers = handovers - %(taken_back)s,
    next_attempt_at = now() + make_interval(secs => %(seconds)s),
    reason = %(reason)s
WHERE notification_id = %(id)s AND status = 'pending' AND attempts = %(attempts)s"""
_FAIL = """
UPDATE mails SET status = 'failed', handovers = handovers - %(taken_back)s, reason = %(reason)s, settled_at = now()
WHERE notification_id = %(id)s AND status = 'pending' AND attempts = %(attempts)s"""
_WAITING = """
SELECT
    count(*) FILTER (WHERE next_attempt_at < 'infinity') AS with_address,
    count(*) FILTER (WHERE next_attempt_at = 'infinity') AS without_address,
    coalesce(
        extract(epoch FROM now() - min(told.created_at) FILTER (WHERE next_attempt_at < 'infinity')), 0
    )::float8 AS oldest_seconds
FROM mails JOIN notifications AS told ON told.id = mails.notification_id
WHERE status = 'pending'"""


@dataclass(frozen=True)
class Mail:
    """A mail that was taken up.

    Args:
        id: of its notification.
        kind: what it is about.
        data: what it tells.
        created_at: when that happened.
        email: address of its user.
        name: of its user.
        attempts: how often it was taken up, with this time.
        handovers: how often a mail server got it without an answer.
    """

    id: str
    kind: Kind
    data: Mapping[str, Any]
    created_at: datetime
    email: str
    name: str
    attempts: int
    handovers: int


@dataclass(frozen=True)
class Waiting:
    """Mails that are not sent yet.

    Args:
        with_address: those that only have to be sent.
        without_address: those whose user is not known yet.
        oldest_seconds: how long ago that happened which the oldest with an address tells of.
    """

    with_address: int
    without_address: int
    oldest_seconds: float


class Postbox:
    """Every method is one statement, durable when it returns.

    Args:
        database: the service's database.
        claim_seconds: how long a mail that was taken up is left alone, until it is handed over.
        accept_seconds: how long one that was handed over is left alone.
    """

    def __init__(self, database: Database, claim_seconds: float, accept_seconds: float) -> None:
        self._database = database
        self._claim_seconds = claim_seconds
        self._accept_seconds = accept_seconds

    def claim(self) -> Mail | None:
        """Take up the mail that is due for longest; None when none is due."""
        row = self._database.fetch_one(_CLAIM, {"lease": self._claim_seconds})
        return Mail(**{**row, "kind": Kind(row["kind"])}) if row else None

    def hand_over(self, mail: Mail) -> bool:
        """Note that the mail server is about to get the mail; False when it must not get it from here."""
        params = {"id": mail.id, "attempts": mail.attempts, "most": MAX_HANDOVERS, "lease": self._accept_seconds}
        return self._database.execute(_HAND_OVER, params) == 1

    def sent(self, mail_id: str) -> None:
        """Note that the mail server has taken the mail."""
        self._database.execute(_SENT, (mail_id,))

    def settle(self, mail: Mail, decision: Again | Failed, reason: str, *, taken_back: bool) -> None:
        """Note what is to become of a mail that was not sent.

        Args:
            mail: the mail.
            decision: what becomes of it.
            reason: why it was not sent.
            taken_back: the server got it whole and said no.
        """
        params = {"id": mail.id, "attempts": mail.attempts, "taken_back": int(taken_back)}
        match decision:
            case Again(seconds):
                self._database.execute(_POSTPONE, {**params, "seconds": seconds, "reason": reason})
            case Failed(why):
                self._database.execute(_FAIL, {**params, "reason": why})

    def waiting(self) -> Waiting:
        """Count what is not sent yet."""
        return Waiting(**self._database.fetch_row(_WAITING))
