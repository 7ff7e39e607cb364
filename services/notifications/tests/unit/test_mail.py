"""Mails as bytes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import default
from email.utils import getaddresses
from html.parser import HTMLParser

import pytest

from notifications.address import mailbox, one_line, parse_mailbox
from notifications.kinds import Kind
from notifications.mail import Letter, compose
from notifications.rendering import Rendered, Renderer, Shop
from tests.unit.golden import CASES, FOLDER, ORDER, mail

SENDER = parse_mailbox("Shop <shop@demo.example.com>")
NOW = datetime(2026, 11, 23, 19, 0, 5, tzinfo=UTC)
HEADERS = ["Content-Type", "MIME-Version", "Date", "Message-ID", "From", "To", "Subject", "Auto-Submitted"]
EVIL = [
    "Sam\r\nBcc: eve@example.com",
    "Sam\nBcc: eve@example.com\n\nBuy!",
    "=?utf-8?q?a=0D=0ABcc:_eve@example.com?=",
    "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLmNvbQ==?= x",
    "Sam, <eve@example.com>, " * 9,
    '"Sam" \\" <eve@example.com>, ' * 8,
    "Zoë <eve@example.com>; " * 8,
    "@,;:<>()[]\\.\"'",
    "eve@example.com,",
    "(comment) Zoë",
    "x" * 200,
    "ë" * 200,
    '"',
    "a\x00b\x85c\u2028d",
    "\u202emaS",
]


@pytest.mark.parametrize("name", CASES)
def test_mails_are_those_of_the_golden_files(name: str) -> None:
    """`golden.py` makes them again; look at the difference before it is committed."""
    assert mail(name) == (FOLDER / f"{name}.eml").read_text()


def test_there_is_a_golden_file_for_each_kind() -> None:
    assert {kind for kind, _ in CASES.values()} == set(Kind)
    assert {path.stem for path in FOLDER.iterdir()} == set(CASES)


def letter_to(name: str, subject: str = "Hello") -> Letter:
    rendered = Rendered(subject, "text\n", "<p>html</p>\n")
    recipient = mailbox("sam@example.com", name)
    return compose("0197f0a0-0000-7000-8000-0000000000aa", NOW, SENDER, recipient, rendered)


@pytest.mark.parametrize("name", EVIL)
def test_a_name_adds_no_header_and_no_recipient(name: str) -> None:
    letter = letter_to(name, subject=one_line(name))
    for message in (message_from_bytes(letter.content), message_from_bytes(letter.content, policy=default)):
        assert isinstance(message, Message)
        assert message.keys() == HEADERS
    old = message_from_bytes(letter.content)
    shown = one_line(name)
    assert [address for _, address in getaddresses([old["To"]])] == ["sam@example.com"]
    assert str(make_header(decode_header(old["Subject"]))) == shown
    assert str(make_header(decode_header(old["To"]))) == f"{shown} <sam@example.com>"
    new = message_from_bytes(letter.content, policy=default)
    assert [address.addr_spec for address in new["To"].addresses] == ["sam@example.com"]
    assert letter.recipient == "sam@example.com"


@pytest.mark.parametrize("name", [*EVIL, "Sam", ""])
def test_lines_are_as_short_as_mail_servers_want_them(name: str) -> None:
    content = letter_to(name, subject=one_line(name)).content
    assert max(len(line) for line in content.split(b"\r\n")) <= 78
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert content.endswith(b"\r\n")


def test_the_same_mail_has_the_same_bytes() -> None:
    assert letter_to("Sam") == letter_to("Sam")


@pytest.mark.parametrize("name", EVIL)
def test_names_are_text_in_html_and_one_line_in_text(name: str) -> None:
    data = {**ORDER, "lines": [{**ORDER["lines"][0], "name": f"<script>{name}</script>"}]}
    rendered = Renderer(Shop("<b>Shop</b>", "https://demo.example.com")).render(Kind.ORDER_CONFIRMED, data, name)
    plain = Renderer(Shop("Shop", "https://demo.example.com")).render(
        Kind.ORDER_CONFIRMED, {**ORDER, "lines": ORDER["lines"][:1]}, "Sam"
    )
    assert tags(rendered.html) == tags(plain.html)
    assert rendered.text.count("\n") == plain.text.count("\n")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, len(attrs)))


def tags(html: str) -> list[tuple[str, int]]:
    parser = _Tags()
    parser.feed(html)
    return parser.tags


@pytest.mark.parametrize("name", CASES)
def test_every_mail_has_a_text_that_says_the_same(name: str) -> None:
    message = message_from_bytes(mail(name).encode(), policy=default)
    assert message.get_content_type() == "multipart/alternative"
    bodies = {}
    for part in message.iter_parts():
        assert isinstance(part, EmailMessage)
        bodies[part.get_content_type()] = part.get_content()
    assert list(bodies) == ["text/plain", "text/html"]
    said = re.sub(r"\s+", " ", bodies["text/html"])
    for money in re.findall(r"[€¥][\d,.]*\d", bodies["text/plain"]):
        assert money in said
    for link in re.findall(r"https://\S+", bodies["text/plain"]):
        assert f'href="{link}"' in said
