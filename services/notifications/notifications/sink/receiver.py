"""The sink's side of SMTP."""

from __future__ import annotations

from aiosmtpd.smtp import SMTP, Envelope, Session

from notifications.sink.store import Store

_MAX_RECIPIENTS = 100


class Receiver:
    """Takes every mail; hooks of aiosmtpd.

    Args:
        store: where they go.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accept a recipient."""
        if len(envelope.rcpt_tos) >= _MAX_RECIPIENTS:
            return "452 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep a mail."""
        content = envelope.content
        if not isinstance(content, bytes):
            return "451 The mail was not read as bytes"
        mail = self._store.add(envelope.mail_from or "", envelope.rcpt_tos, content)
        return f"250 OK {mail.id}"
