"""A conversation with a mail server, by smtplib."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from notifications.mail import Letter
from notifications.policy import Outcome
from notifications.smtp_url import Security, Server

# Replies that speak of our account at the server, not of a mail (RFC 4954).
_ACCOUNT = frozenset((530, 534, 535, 538))
_GOODBYE = 421
_DOTS = re.compile(rb"^\.", re.MULTILINE)
_ADDRESSES = re.compile(r"[^\s<>:;,]+@[^\s<>:;,]+")
_MAX_REASON = 200
CONNECTION, END = "connection", "end of the mail"


class NotSent(Exception):
    """A mail was not sent, or nobody knows; the message says why. It quotes the server, so it is not for logs.

    Args:
        outcome: what is known.
        stage: in which step of the conversation.
        reason: in words; addresses are left out.
        code: the server's reply, if there was one.

    Attributes:
        taken_back: the server got the mail whole, and said no.
    """

    def __init__(self, outcome: Outcome, stage: str, reason: str, code: int | None = None) -> None:
        super().__init__(f"{stage}: {reason}")
        self.outcome = outcome
        self.stage = stage
        self.code = code
        self.taken_back = stage == END and outcome is not Outcome.DOUBTFUL


@dataclass(frozen=True)
class Limits:
    """How long the server may take, in seconds.

    Args:
        step: for each step.
        accept: for the answer to a mail that was handed over whole: cutting it short risks a duplicate.
    """

    step: float
    accept: float


class Session:
    """An open conversation; made by `connect`. Not for several threads.

    Args:
        smtp: ready for mails.
        limits: how long the server may take.
    """

    def __init__(self, smtp: smtplib.SMTP, limits: Limits) -> None:
        self._smtp = smtp
        self._limits = limits

    @property
    def usable(self) -> bool:
        """Whether another mail can be sent by it."""
        return self._smtp.sock is not None

    def send(self, letter: Letter, hand_over: Callable[[], None]) -> None:
        """Send a mail.

        Args:
            letter: the mail.
            hand_over: called when all but the end of the mail is sent: until then the server certainly throws it
                away. If it raises, the conversation is cut off there.

        Raises:
            NotSent: with what is known.
        """
        self._envelope(letter)
        try:
            self._smtp.send(_DOTS.sub(b"..", letter.content))
        except (OSError, smtplib.SMTPException) as error:
            raise _broken(Outcome.DEFERRED, "content", error) from None
        try:
            hand_over()
        except BaseException:
            self._smtp.close()
            raise
        self._finish()

    def close(self) -> None:
        """Take leave."""
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self._smtp.close()

    def _envelope(self, letter: Letter) -> None:
        smtp = self._smtp
        size = [f"size={len(letter.content)}"] if smtp.has_extn("size") else []
        self._ask("MAIL", (250,), lambda: smtp.mail(letter.sender, size))
        self._ask("RCPT", (250, 251), lambda: smtp.rcpt(letter.recipient))
        self._ask("DATA", (354,), lambda: smtp.docmd("DATA"))

    def _ask(self, stage: str, wanted: tuple[int, ...], command: Callable[[], tuple[int, bytes]]) -> None:
        try:
            answer = command()
        except (OSError, smtplib.SMTPException) as error:
            self._smtp.close()
            raise _broken(Outcome.DEFERRED, stage, error) from None
        self._expect(stage, wanted, answer)

    def _finish(self) -> None:
        try:
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(self._limits.accept)
            self._smtp.send(b".\r\n")
            answer = self._smtp.getreply()
            if self._smtp.sock is not None:
                self._smtp.sock.settimeout(self._limits.step)
        except (OSError, smtplib.SMTPException) as error:
            self._smtp.close()
            raise _broken(Outcome.DOUBTFUL, END, error) from None
        self._expect(END, (250,), answer)

    def _expect(self, stage: str, wanted: tuple[int, ...], answer: tuple[int, bytes]) -> None:
        code, text = answer
        if code in wanted:
            return
        if code == _GOODBYE or not self._reset():
            self._smtp.close()
        # What is wrong with the sender is wrong with our settings: mails wait until somebody has mended them.
        final = 500 <= code < 600 and code not in _ACCOUNT and stage != "MAIL"
        outcome = Outcome.REFUSED if final else Outcome.DEFERRED
        raise NotSent(outcome, stage, f"{code} {_readable(text)}", code)

    def _reset(self) -> bool:
        try:
            return self._smtp.rset()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False


class Connector:
    """Opens conversations with one server.

    Args:
        server: the server.
        hello: how we introduce ourselves.
        limits: how long the server may take.
        ca_file: certificates that the server's must go back to; None: those that the system trusts.

    Raises:
        OSError: the file cannot be read, or holds no certificates.
    """

    def __init__(self, server: Server, hello: str, limits: Limits, ca_file: str | None = None) -> None:
        self._server = server
        self._hello = hello
        self._limits = limits
        self._tls = ssl.create_default_context(cafile=ca_file)

    def connect(self) -> Session:
        """Open a conversation.

        Raises:
            NotSent: the server cannot be reached, is not the one that it should be, or does not let us in.
        """
        smtp: smtplib.SMTP | None = None
        try:
            smtp = self._open()
            smtp.ehlo_or_helo_if_needed()
            self._secure(smtp)
            if self._server.user is not None:
                smtp.login(self._server.user, self._server.password)
        except BaseException as error:
            if smtp is not None:
                smtp.close()
            if isinstance(error, (OSError, smtplib.SMTPException)):
                raise _broken(Outcome.DEFERRED, CONNECTION, error) from None
            raise
        return Session(smtp, self._limits)

    def _open(self) -> smtplib.SMTP:
        host, port, timeout = self._server.host, self._server.port, self._limits.step
        if self._server.security is Security.TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, self._hello, timeout=timeout, context=self._tls)
        else:
            smtp = smtplib.SMTP(host, port, self._hello, timeout=timeout)
        if smtp.sock is not None:
            # A mail and its end are two writes: held back by Nagle's algorithm, the second would cost 40 ms.
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return smtp

    def _secure(self, smtp: smtplib.SMTP) -> None:
        if self._server.security is Security.TLS:
            return
        if smtp.has_extn("starttls"):
            smtp.starttls(context=self._tls)
            smtp.ehlo()
        elif self._server.needs_tls:
            raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS, and without it nothing is sent")


def _broken(outcome: Outcome, stage: str, error: OSError | smtplib.SMTPException) -> NotSent:
    """Return what a failure of the connection, or a reply that ends it, means for the mail."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        words = _readable(text if isinstance(text, bytes) else text.encode())
        return NotSent(outcome, stage, f"{error.smtp_code} {words}", error.smtp_code)
    if isinstance(error, socket.gaierror):
        return NotSent(outcome, stage, "the server's name cannot be resolved")
    return NotSent(outcome, stage, f"{type(error).__name__}: {_readable(str(error).encode())}")


def _readable(reply: bytes) -> str:
    """Return a server's words in one line, without the addresses that they like to repeat."""
    text = " ".join(reply.decode("utf-8", "replace").split())
    return _ADDRESSES.sub("…", text)[:_MAX_REASON]
