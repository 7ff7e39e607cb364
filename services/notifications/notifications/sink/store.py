"""The mails that the sink has taken, in memory: the newest, as many as fit."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default

from shopkit.ids import new_id

_HEADERS = BytesHeaderParser(policy=default)


@dataclass(frozen=True)
class Stored:
    """A mail as it came.

    Args:
        id: given by the sink.
        received_at: when.
        sender: of the envelope.
        recipients: of the envelope.
        subject: of the headers; empty if it is not there.
        message_id: of the headers; empty if it is not there.
        content: headers and body.
    """

    id: str
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    content: bytes

    @property
    def head(self) -> str:
        """The headers, as they came."""
        head = self.content.partition(b"\r\n\r\n")[0]
        return head.decode("utf-8", "replace")

    def body(self, subtype: str) -> str | None:
        """Return the text of this kind (plain or html), or None."""
        part = message_from_bytes(self.content, policy=default).get_body((subtype,))
        if not isinstance(part, EmailMessage):
            return None
        try:
            return str(part.get_content())
        except (LookupError, ValueError):  # a charset that nobody knows
            return str(part.get_payload())


class Store:
    """Mails, the newest first; the oldest go when there are too many. For several threads.

    Args:
        max_mails: the most mails.
        max_bytes: the most bytes of all of them together.
    """

    def __init__(self, max_mails: int, max_bytes: int) -> None:
        self._max_mails = max_mails
        self._max_bytes = max_bytes
        self._bytes = 0
        self._mails: deque[Stored] = deque()
        self._lock = threading.Lock()

    def add(self, sender: str, recipients: Sequence[str], content: bytes) -> Stored:
        """Keep a mail."""
        headers = _HEADERS.parsebytes(content, headersonly=True)
        subject, message_id = str(headers["Subject"] or ""), str(headers["Message-ID"] or "")
        mail = Stored(new_id(), datetime.now(UTC), sender, tuple(recipients), subject, message_id, content)
        with self._lock:
            self._mails.appendleft(mail)
            self._bytes += len(content)
            while len(self._mails) > self._max_mails or self._bytes > self._max_bytes:
                self._bytes -= len(self._mails.pop().content)
        return mail

    def list(self, to: str | None = None) -> list[Stored]:
        """Return the mails, the newest first; with an address those for it, in whatever case it is written."""
        with self._lock:
            mails = list(self._mails)
        if to is None:
            return mails
        wanted = to.lower()
        return [mail for mail in mails if wanted in (recipient.lower() for recipient in mail.recipients)]

    def get(self, mail_id: str) -> Stored | None:
        """Return one mail, or None."""
        return next((mail for mail in self.list() if mail.id == mail_id), None)
