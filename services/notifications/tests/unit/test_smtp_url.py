"""The mail server as one URL."""

from __future__ import annotations

import pytest

from notifications.smtp_url import Security, Server, parse_server


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail", Server("mail", 25, Security.OFFERED)),
        ("smtp://mail:1025/", Server("mail", 1025, Security.OFFERED)),
        ("smtp+starttls://mail.example.com", Server("mail.example.com", 587, Security.STARTTLS)),
        ("smtps://a%40b:p%2F%3A@mail", Server("mail", 465, Security.TLS, "a@b", "p/:")),
        ("smtp://[::1]:25", Server("::1", 25, Security.OFFERED)),
    ],
)
def test_a_url_is_a_server(url: str, server: Server) -> None:
    assert parse_server(url) == server


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://mail", "must begin with"),
        ("mail:25", "must begin with"),
        ("smtp://", "must name a host"),
        ("smtp://mail:x", "must have a port"),
        ("smtp://mail:70000", "must have a port"),
        ("smtp://mail/path", "must end after host and port"),
        ("smtp://user@mail", "both a user and a password"),
    ],
)
def test_a_url_that_is_none(url: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_server(url)


def test_nothing_shows_the_password() -> None:
    assert "secret" not in repr(parse_server("smtp://user:secret@mail"))
    with pytest.raises(ValueError, match="must") as raised:
        parse_server("smtp://user:se/cret@mail")
    assert "cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "needed"),
    [("smtp://mail", False), ("smtp://u:p@mail", True), ("smtp+starttls://mail", True), ("smtps://mail", True)],
)
def test_a_password_needs_tls(url: str, needed: bool) -> None:
    assert parse_server(url).needs_tls is needed
