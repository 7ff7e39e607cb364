"""A real SMTP server that does as it is told: takes mails, refuses them, breaks off."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass(frozen=True)
class Taken:
    """A mail that the server has taken."""

    sender: str
    recipients: list[str]
    content: bytes
    tls: bool

    @property
    def message(self) -> EmailMessage:
        """Headers and body."""
        return message_from_bytes(self.content, policy=default)


Hook = Callable[[], str | None]
USER, PASSWORD = "shop", "p@ss/word"


class MailServer:
    """Use it as a context manager.

    Args:
        tls: its certificate, for STARTTLS.
        implicit: TLS from the first byte instead.
        needs_login: mails are taken after a login only.

    Attributes:
        taken: the mails, in their order.
        replies: by command (MAIL, RCPT, END): replies to the next mails, instead of yes.
        breaks: command instead of whose next answer the connection breaks off; the end of a mail is then taken.
        logins: user and password of each login.
        connections: how many there were.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, *, implicit: bool = False, needs_login: bool = False) -> None:
        self._tls, self._implicit, self._needs_login = tls, implicit, needs_login
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self.connections = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.taken: list[Taken] = []
        self.replies: dict[str, list[str]] = {}
        self.logins: list[tuple[str, str]] = []
        self.breaks: str | None = None
        self.connections = 0

    @property
    def url(self) -> str:
        """URL without user and password."""
        return f"{'smtps' if self._implicit else 'smtp'}://{self.address}"

    @property
    def address(self) -> str:
        """Host and port."""
        return f"localhost:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        listening = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self._server = listening
        self.port: int = listening.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _cancel(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(self._protocol, "127.0.0.1", 0, ssl=self._tls if self._implicit else None)

    def _protocol(self) -> SMTP:
        self.connections += 1
        return SMTP(
            self,
            hostname="localhost",
            loop=self._loop,
            tls_context=None if self._implicit else self._tls,
            auth_required=self._needs_login,
            auth_require_tls=not self._implicit and self._tls is not None,
            authenticator=self._authenticate,
        )

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:
        user, password = data.login.decode(), data.password.decode()
        self.logins.append((user, password))
        return AuthResult(success=(user, password) == (USER, PASSWORD), handled=False)

    def _reply(self, command: str) -> str | None:
        scripted = self.replies.get(command)
        return scripted.pop(0) if scripted else None

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer to MAIL."""
        if self.breaks == "MAIL":
            self._break(server)
        answer = self._reply("MAIL") or "250 OK"
        if answer.startswith("2"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802 - as above
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answer to RCPT."""
        if self.breaks == "RCPT":
            self._break(server)
        answer = self._reply("RCPT") or "250 OK"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Answer to the end of a mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        answer = self._reply("END") or "250 OK"
        if answer.startswith("2"):
            tls = self._implicit or session.ssl is not None
            self.taken.append(Taken(envelope.mail_from or "", list(envelope.rcpt_tos), content, tls))
        if self.breaks == "END":
            self._break(server)
        return answer

    def _break(self, server: SMTP) -> None:
        """Drop the connection without a word."""
        self.breaks = None
        transport = server.transport
        assert isinstance(transport, asyncio.WriteTransport)
        transport.abort()
