"""Settings of the service."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from notifications.address import AddressError, parse_mailbox
from notifications.smtp_url import parse_server
from shopkit.messaging.settings import ConsumerSettings
from shopkit.settings import TokenSettings, between, setting, starts_with

_SECONDS = between(0.01, 86_400)


def _server_fault(url: str) -> str | None:
    try:
        parse_server(url)
    except ValueError as fault:
        return str(fault)
    return None


def _mailbox_fault(text: str) -> str | None:
    try:
        parse_mailbox(text)
    except AddressError:
        return "must be like Sample Shop <shop@example.com>"
    return None


def _authorities_fault(path: str) -> str | None:
    try:
        ssl.create_default_context(cafile=path or None)
    except OSError as error:
        return f"must be a file of certificates: {error.strerror or error}"
    return None


@dataclass(frozen=True, kw_only=True)
class NotificationsSettings(TokenSettings, ConsumerSettings):
    """What `notifications` reads from the environment."""

    shop_url: str = setting(
        "SHOP_URL",
        "Address of the web shop, for links: `https://shop.example.com`.",
        check=starts_with("http://", "https://"),
    )
    mail_from: str = setting(
        "MAIL_FROM",
        "Sender: `Sample Shop <shop@example.com>`; mails call the shop by this name, without one by `SHOP`.",
        check=_mailbox_fault,
    )
    smtp_url: str = setting(
        "SMTP_URL",
        "The mail server: `smtp://` (STARTTLS where it is offered), `smtp+starttls://` (not without) or `smtps://`, "
        "then `user:password@host:port`. A password is never sent without TLS.",
        secret=True,
        check=_server_fault,
    )
    smtp_ca_file: str = setting(
        "SMTP_CA_FILE",
        "PEM file of the authorities that may vouch for the mail server; empty: those that the system trusts.",
        default="",
        check=_authorities_fault,
    )
    smtp_timeout: float = setting(
        "SMTP_TIMEOUT_SECONDS", "Longest time of one step with the mail server.", default=10.0, check=_SECONDS
    )
    smtp_accept: float = setting(
        "SMTP_ACCEPT_SECONDS",
        "How long the mail server may take to accept a mail that it has got whole; then it is in doubt.",
        default=60.0,
        check=_SECONDS,
    )
    mail_attempts: int = setting(
        "MAIL_ATTEMPTS", "How often a mail is tried before it is given up.", default=30, check=between(1, 1000)
    )
    mail_backoff: float = setting(
        "MAIL_BACKOFF_SECONDS",
        "Pause after the first attempt; doubled for each further one, and shortened by up to a half at random.",
        default=10.0,
        check=_SECONDS,
    )
    mail_backoff_max: float = setting(
        "MAIL_BACKOFF_MAX_SECONDS", "Longest pause between two attempts.", default=3600.0, check=_SECONDS
    )
    mail_poll: float = setting(
        "MAIL_POLL_SECONDS", "Pause between two looks for mails to send.", default=1.0, check=_SECONDS
    )
