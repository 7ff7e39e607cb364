"""The mail server as one URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import unquote, urlsplit


class Security(Enum):
    """How a connection is secured."""

    OFFERED = "smtp"
    """STARTTLS where the server offers it."""
    STARTTLS = "smtp+starttls"
    """STARTTLS, or no mail at all."""
    TLS = "smtps"
    """TLS from the first byte."""


_PORTS = {Security.OFFERED: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True)
class Server:
    """A mail server."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str = field(default="", repr=False)

    @property
    def needs_tls(self) -> bool:
        """Whether nothing may be sent without TLS: a password never is."""
        return self.security is not Security.OFFERED or self.user is not None


def parse_server(url: str) -> Server:
    """Return the server of ``smtp|smtp+starttls|smtps://[user:password@]host[:port]``.

    Raises:
        ValueError: what is wrong; without the URL, which may hold a password.
    """
    parts = urlsplit(url)
    try:
        security = Security(parts.scheme)
    except ValueError:
        raise ValueError("must begin with smtp://, smtp+starttls:// or smtps://") from None
    try:
        port = parts.port
    except ValueError:
        raise ValueError("must have a port from 1 to 65535") from None
    if not parts.hostname:
        raise ValueError("must name a host")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("must end after host and port; encode /, ? and # in a password as %2F, %3F and %23")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("must have both a user and a password, or neither")
    return Server(
        parts.hostname,
        port or _PORTS[security],
        security,
        None if parts.username is None else unquote(parts.username),
        unquote(parts.password or ""),
    )
