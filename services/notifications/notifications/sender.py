"""The background job that sends mails."""

from __future__ import annotations

import random
import traceback
from typing import Protocol

import structlog
from prometheus_client import Counter

from notifications.address import AddressError, mailbox, parse_mailbox
from notifications.mail import Letter, compose
from notifications.policy import MAX_HANDOVERS, Again, Failed, Outcome, Retries, after
from notifications.postbox import Mail, Postbox
from notifications.rendering import Renderer
from notifications.smtp import CONNECTION, END, NotSent, Session

_log = structlog.get_logger(__name__)


class Connects(Protocol):
    """Whatever opens conversations with a mail server."""

    def connect(self) -> Session:
        """Open a conversation. Raises NotSent."""


class _Lost(Exception):
    """The mail is not ours any more: another sender has it, or its user is gone."""


class Sender:
    """Sends mails one after the other; for one thread.

    Args:
        postbox: where they are.
        renderer: makes them.
        server: takes them.
        mail_from: the sender, as in a header.
        retries: how often and when a mail is tried again.
        attempts: counts attempts by kind and outcome.
    """

    def __init__(
        self,
        postbox: Postbox,
        renderer: Renderer,
        server: Connects,
        mail_from: str,
        retries: Retries,
        attempts: Counter,
    ) -> None:
        self._postbox = postbox
        self._renderer = renderer
        self._server = server
        self._from = parse_mailbox(mail_from)
        self._retries = retries
        self._attempts = attempts
        self._session: Session | None = None
        self._unrecorded: str | None = None

    def run(self) -> bool:
        """Send the mail that is due for longest, and tell whether another may be sent at once."""
        self._record()
        mail = self._postbox.claim()
        if mail is None:
            self._hang_up()
            return False
        try:
            self._send(mail)
        except NotSent as failure:
            self._not_sent(mail, failure)
            # A server that is not there is not called for every mail in a row.
            return failure.stage != CONNECTION
        except _Lost:
            _log.info("a mail was left to others, or its user is gone", notification_id=mail.id)
        return True

    def _send(self, mail: Mail) -> None:
        if mail.handovers >= MAX_HANDOVERS:
            raise NotSent(Outcome.DOUBTFUL, END, "a sender died before it could note the answer")
        letter = self._compose(mail)

        def hand_over() -> None:
            if not self._postbox.hand_over(mail):
                raise _Lost

        fresh = self._session is None or not self._session.usable
        session = self._connected()
        try:
            session.send(letter, hand_over)
        except NotSent as failure:
            # A server may end a conversation after some mails: that is no failure of the next one.
            if fresh or session.usable or failure.stage != "MAIL":
                raise
            self._connected().send(letter, hand_over)
        self._attempts.labels(mail.kind, Outcome.SENT).inc()
        _log.info("a mail was sent", notification_id=mail.id, kind=mail.kind, attempts=mail.attempts)
        self._unrecorded = mail.id
        self._record()

    def _record(self) -> None:
        """Note the mail that the server has taken; while the database is away this is the next thing to be done."""
        if self._unrecorded is not None:
            self._postbox.sent(self._unrecorded)
            self._unrecorded = None

    def _compose(self, mail: Mail) -> Letter:
        try:
            recipient = mailbox(mail.email, mail.name)
            rendered = self._renderer.render(mail.kind, mail.data, mail.name)
            return compose(mail.id, mail.created_at, self._from, recipient, rendered)
        except AddressError as error:
            raise NotSent(Outcome.REFUSED, "address", str(error)) from None
        except Exception as error:  # noqa: BLE001 - one mail that is broken must not hold up all others for ever
            # Only where it happened: the words of the error may be somebody's name.
            where = "".join(traceback.format_tb(error.__traceback__))
            _log.error("a mail cannot be made", notification_id=mail.id, cause=type(error).__name__, where=where)
            raise NotSent(Outcome.DEFERRED, "template", type(error).__name__) from None

    def _connected(self) -> Session:
        if self._session is None or not self._session.usable:
            self._session = None
            self._session = self._server.connect()
        return self._session

    def _hang_up(self) -> None:
        if self._session is not None and self._session.usable:
            self._session.close()
        self._session = None

    def _not_sent(self, mail: Mail, failure: NotSent) -> None:
        doubts = mail.handovers + (failure.outcome is Outcome.DOUBTFUL)
        decision = after(failure.outcome, str(failure), mail.attempts, doubts, self._retries, random.random())
        self._postbox.settle(mail, decision, str(failure), taken_back=failure.taken_back)
        self._attempts.labels(mail.kind, failure.outcome).inc()
        # The server's words stay in the database: they may quote whom the mail was for.
        log = _log.bind(notification_id=mail.id, kind=mail.kind, attempts=mail.attempts, outcome=failure.outcome)
        match decision:
            case Again(seconds):
                log.warning("a mail is tried again", stage=failure.stage, code=failure.code, seconds=round(seconds, 1))
            case Failed():
                log.error("a mail is given up", stage=failure.stage, code=failure.code)
