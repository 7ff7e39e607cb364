"""Mails as the bytes that go over the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.charset import QP, Charset
from email.header import Header
from email.headerregistry import Address
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime

from notifications.rendering import Rendered

_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP
_WIRE = compat32.clone(linesep="\r\n")
_MAX_PLAIN = 60
# Words that may stand in a display name without quotes (RFC 5322), and what would be read as an encoded word.
_PLAIN = re.compile(r"(?:(?!=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -])*")


@dataclass(frozen=True)
class Letter:
    """A mail with its envelope."""

    sender: str
    recipient: str
    content: bytes


def compose(mail_id: str, created_at: datetime, sender: Address, recipient: Address, rendered: Rendered) -> Letter:
    """Make a mail; the same arguments give the same bytes, so a mail that is sent again is the same mail.

    Args:
        mail_id: the notification's id. The Message-ID is made of it: by that, duplicates can be recognised.
        created_at: for the header Date.
        sender: for the header From, and the envelope.
        recipient: for the header To, and the envelope.
        rendered: what it says.
    """
    # A boundary of chance would make a mail of other bytes each time. Quoted-printable has no line that begins so.
    message = MIMEMultipart("alternative", boundary=f"=_{mail_id}", policy=_WIRE)
    message["Date"] = format_datetime(created_at.astimezone(UTC))
    message["Message-ID"] = f"<{mail_id}@{sender.domain}>"
    message["From"] = _mailbox("From", sender)
    message["To"] = _mailbox("To", recipient)
    message["Subject"] = _encoded("Subject", rendered.subject)
    # Out-of-office replies to a shop's machine help nobody (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    for text, subtype in ((rendered.text, "plain"), (rendered.html, "html")):
        part = MIMENonMultipart("text", subtype, policy=_WIRE)
        part.set_payload(text, _UTF8)
        del part["MIME-Version"]
        message.attach(part)
    return Letter(_plain(sender), _plain(recipient), message.as_bytes())


def _mailbox(header: str, address: Address) -> str:
    return f"{_encoded(header, address.display_name)} <{_plain(address)}>".lstrip()


def _plain(address: Address) -> str:
    return f"{address.username}@{address.domain}"


def _encoded(header: str, text: str) -> str:
    """Return a text for a header: as it is where that cannot be misread, else as encoded words (RFC 2047).

    Not left to `email.policy`: it decodes an encoded word that stands in a name, line breaks and all, and writes
    long quoted names without their quotes; both would let a name add headers or recipients.
    """
    if len(text) <= _MAX_PLAIN and _PLAIN.fullmatch(text):
        return text
    return Header(text, "utf-8", header_name=header).encode(splitchars="").replace("\n", "")
