"""The sink, as a real process with a real SMTP client."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from notifications.sink.store import Store
from tests.sinkprocess import SinkProcess

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def sink() -> Iterator[SinkProcess]:
    """A small sink."""
    with SinkProcess(SINK_MAX_MAIL_BYTES="20000", LOG_LEVEL="DEBUG") as process:
        yield process


def send(sink: SinkProcess, *recipients: str, subject: str = "Hello", text: str = "text", html: str = "") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", ", ".join(recipients), subject
    message["Message-ID"] = "<1@example.com>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", sink.smtp_port, timeout=10) as client:
        client.send_message(message)


def test_a_mail_is_shown(sink: SinkProcess) -> None:
    send(sink, "ann@example.com", subject=f"Zoë {EVIL}", text=f"text {EVIL}", html=f"<p>html {EVIL}</p>")
    [found] = sink.mails("ANN@example.com")
    assert {name: found[name] for name in ("from", "to", "subject", "message_id")} == {
        "from": "shop@example.com",
        "to": ["ann@example.com"],
        "subject": f"Zoë {EVIL}",
        "message_id": "<1@example.com>",
    }
    whole = sink.mail(found["id"])
    assert (whole["text"].strip(), whole["html"].strip()) == (f"text {EVIL}", f"<p>html {EVIL}</p>")
    assert "From: shop@example.com" in whole["head"]
    for path in ("/?to=ann@example.com", f"/mails/{found['id']}"):
        page = sink.get(path)
        assert page.status == 200
        assert "Zoë &lt;script&gt;" in page.data.decode()
        assert "<script" not in page.data.decode()
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<iframe sandbox " in sink.get(f"/mails/{found['id']}").data.decode()


def test_the_html_of_a_mail_can_do_nothing(sink: SinkProcess) -> None:
    send(sink, "html@example.com", html=f"<p>{EVIL}</p>")
    [found] = sink.mails("html@example.com")
    answer = sink.get(f"/mails/{found['id']}/html")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.data.decode().strip() == f"<p>{EVIL}</p>"


def test_a_mail_to_several_is_found_by_each(sink: SinkProcess) -> None:
    send(sink, "one@example.com", "two@example.com")
    assert sink.mails("one@example.com") == sink.mails("two@example.com")
    assert len(sink.mails("one@example.com")) == 1
    assert sink.mails("nobody@example.com") == []


def test_a_mail_without_html_has_no_frame(sink: SinkProcess) -> None:
    send(sink, "plain@example.com")
    [found] = sink.mails("plain@example.com")
    assert "<iframe" not in sink.get(f"/mails/{found['id']}").data.decode()
    assert sink.get(f"/mails/{found['id']}/html").status == 404


def test_a_mail_of_an_unknown_charset_is_shown(sink: SinkProcess) -> None:
    with smtplib.SMTP("127.0.0.1", sink.smtp_port, timeout=10) as client:
        content = b"Subject: =?x?q?=FF?=\r\nContent-Type: text/plain; charset=klingon\r\n\r\nheghlu'meH\r\n"
        client.sendmail("a@example.com", ["odd@example.com"], content)
    [found] = sink.mails("odd@example.com")
    assert "heghlu" in sink.mail(found["id"])["text"]
    assert sink.get("/").status == 200


def test_a_mail_that_is_too_large_is_refused(sink: SinkProcess) -> None:
    with pytest.raises(smtplib.SMTPException, match="552"):
        send(sink, "large@example.com", text="x" * 30_000)
    assert sink.mails("large@example.com") == []


def test_what_is_not_there(sink: SinkProcess) -> None:
    for path in ("/mails/x", "/mails/x/html", "/api/mails/x", "/x"):
        assert sink.get(path).status == 404


def test_it_ends_when_it_is_told_to_and_has_logged_no_address() -> None:
    with SinkProcess(LOG_LEVEL="DEBUG") as sink:
        send(sink, "quiet@example.com")
        assert sink.get("/?to=quiet@example.com").status == 200
        status, output = sink.stop()
    assert status == 0
    assert "mails are taken" in [json.loads(line)["event"] for line in output.splitlines()]
    assert "quiet" not in output


def test_the_oldest_mails_go_when_there_are_too_many() -> None:
    store = Store(max_mails=2, max_bytes=100)
    for number in range(3):
        store.add("", [f"{number}@example.com"], b"x")
    assert [mail.recipients for mail in store.list()] == [("2@example.com",), ("1@example.com",)]


def test_the_oldest_mails_go_when_they_take_too_much() -> None:
    store = Store(max_mails=10, max_bytes=100)
    for number in range(3):
        store.add("", [f"{number}@example.com"], b"x" * 40)
    assert len(store.list()) == 2
    store.add("", ["last@example.com"], b"x" * 100)
    assert [mail.recipients for mail in store.list()] == [("last@example.com",)]
    assert store.get(store.list()[0].id) == store.list()[0]
    assert store.get("x") is None
