"""Conversations with real mail servers on loopback."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from notifications.mail import Letter
from notifications.policy import Outcome
from notifications.smtp import Connector, Limits, NotSent, Session
from notifications.smtp_url import parse_server
from tests.certificates import server_context
from tests.mailserver import PASSWORD, USER, MailServer

LIMITS = Limits(step=5, accept=5)
CONTENT = b"Subject: Hello\r\n\r\n.a line that begins with a dot\r\n..\r\nend\r\n"
LETTER = Letter("shop@example.com", "sam@example.com", CONTENT)
LOGIN = f"{USER}:p%40ss%2Fword"


def connect(url: str, ca_file: Path | None = None, limits: Limits = LIMITS) -> Session:
    return Connector(parse_server(url), "shop.example.com", limits, str(ca_file) if ca_file else None).connect()


def nothing() -> None:
    """Hand over."""


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate, and that of its authority."""
    folder = tmp_path_factory.mktemp("tls")
    return server_context(folder), folder / "ca.pem"


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A server without TLS."""
    with MailServer() as made:
        yield made


def test_a_mail_arrives_as_it_is(server: MailServer) -> None:
    session = connect(server.url)
    handed: list[int] = []
    session.send(LETTER, lambda: handed.append(len(server.taken)))
    session.send(LETTER, nothing)
    session.close()
    assert handed == [0]
    assert [(mail.sender, mail.recipients, mail.content, mail.tls) for mail in server.taken] == [
        ("shop@example.com", ["sam@example.com"], CONTENT, False)
    ] * 2
    assert server.connections == 1


def test_without_the_end_a_mail_is_not_taken(server: MailServer) -> None:
    session = connect(server.url)

    def lost() -> None:
        raise KeyError("not ours any more")

    with pytest.raises(KeyError):
        session.send(LETTER, lost)
    assert not session.usable
    connect(server.url).send(LETTER, nothing)
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("command", "reply", "outcome", "taken_back"),
    [
        ("RCPT", "550 5.1.1 no sam@example.com here", Outcome.REFUSED, False),
        ("RCPT", "450 4.2.1 try again", Outcome.DEFERRED, False),
        ("RCPT", "530 5.7.0 log in first", Outcome.DEFERRED, False),
        ("MAIL", "550 5.7.1 who are you", Outcome.DEFERRED, False),
        ("END", "554 5.7.1 spam", Outcome.REFUSED, True),
        ("END", "451 4.3.0 later", Outcome.DEFERRED, True),
    ],
)
def test_a_reply_says_what_becomes_of_the_mail(
    server: MailServer, command: str, reply: str, outcome: Outcome, taken_back: bool
) -> None:
    session = connect(server.url)
    server.replies = {command: [reply]}
    with pytest.raises(NotSent) as raised:
        session.send(LETTER, nothing)
    failure = raised.value
    assert (failure.outcome, failure.taken_back, failure.code) == (outcome, taken_back, int(reply[:3]))
    assert "sam@example.com" not in str(failure)
    assert str(failure).endswith(reply.replace("sam@example.com", "…"))
    assert session.usable
    session.send(LETTER, nothing)
    assert len(server.taken) == 1


def test_a_server_that_takes_leave_is_left(server: MailServer) -> None:
    session = connect(server.url)
    server.replies = {"RCPT": ["421 4.3.2 shutting down"]}
    with pytest.raises(NotSent, match="421") as raised:
        session.send(LETTER, nothing)
    assert raised.value.outcome is Outcome.DEFERRED
    assert not session.usable


@pytest.mark.parametrize(
    ("command", "outcome", "stage"),
    [
        ("MAIL", Outcome.DEFERRED, "MAIL"),
        ("RCPT", Outcome.DEFERRED, "RCPT"),
        ("END", Outcome.DOUBTFUL, "end of the mail"),
    ],
)
def test_a_connection_that_breaks_off(server: MailServer, command: str, outcome: Outcome, stage: str) -> None:
    session = connect(server.url)
    server.breaks = command
    with pytest.raises(NotSent) as raised:
        session.send(LETTER, nothing)
    assert (raised.value.outcome, raised.value.stage, raised.value.taken_back) == (outcome, stage, False)
    assert not session.usable
    assert len(server.taken) == (command == "END")


def test_starttls_is_used_where_it_is_offered(tls: tuple[ssl.SSLContext, Path]) -> None:
    with MailServer(tls[0]) as server:
        connect(server.url, tls[1]).send(LETTER, nothing)
        assert [mail.tls for mail in server.taken] == [True]


def test_tls_from_the_first_byte(tls: tuple[ssl.SSLContext, Path]) -> None:
    with MailServer(tls[0], implicit=True) as server:
        connect(server.url, tls[1]).send(LETTER, nothing)
        assert [mail.tls for mail in server.taken] == [True]


@pytest.mark.parametrize("url", ["smtp+starttls://{}", f"smtp://{LOGIN}@{{}}"])
def test_without_starttls_nothing_is_sent_that_needs_it(server: MailServer, url: str) -> None:
    with pytest.raises(NotSent, match="offers no STARTTLS") as raised:
        connect(url.format(server.address))
    assert raised.value.outcome is Outcome.DEFERRED
    assert server.logins == []


@pytest.mark.parametrize("implicit", [False, True])
def test_an_unknown_authority_is_not_trusted(tls: tuple[ssl.SSLContext, Path], implicit: bool) -> None:
    with MailServer(tls[0], implicit=implicit) as server:
        with pytest.raises(NotSent, match="certificate verify failed") as raised:
            connect(server.url)
        assert raised.value.outcome is Outcome.DEFERRED
        assert server.taken == []


def test_a_certificate_of_another_name_is_not_trusted(tmp_path: Path) -> None:
    with MailServer(server_context(tmp_path, "other.example.com")) as server:
        with pytest.raises(NotSent, match="certificate verify failed"):
            connect(server.url, tmp_path / "ca.pem")
        assert server.taken == []


def test_a_login(tls: tuple[ssl.SSLContext, Path]) -> None:
    with MailServer(tls[0], needs_login=True) as server:
        connect(f"smtp+starttls://{LOGIN}@{server.address}", tls[1]).send(LETTER, nothing)
        assert server.logins == [(USER, PASSWORD)]
        assert len(server.taken) == 1


def test_a_wrong_password_is_for_people_to_mend(tls: tuple[ssl.SSLContext, Path]) -> None:
    with MailServer(tls[0], needs_login=True) as server:
        with pytest.raises(NotSent, match="535") as raised:
            connect(f"smtp://{USER}:wrong@{server.address}", tls[1])
        assert (raised.value.outcome, raised.value.code) == (Outcome.DEFERRED, 535)


# Port 9 (discard): nobody is there.
@pytest.mark.parametrize("url", ["smtp://127.0.0.1:9", "smtp://nowhere.invalid:25"])
def test_a_server_that_is_not_there(url: str) -> None:
    with pytest.raises(NotSent, match=r"^connection: ") as raised:
        connect(url)
    assert raised.value.outcome is Outcome.DEFERRED


@contextmanager
def talking(*lines: bytes) -> Iterator[str]:
    """Yield the URL of a server that says these lines one after the other, whatever it hears, then falls silent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            with listener.accept()[0] as peer:
                peer.settimeout(10)
                for line in lines:
                    peer.sendall(line)
                    peer.recv(65536)
                while peer.recv(65536):
                    pass

        thread = threading.Thread(target=talk)
        thread.start()
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_a_silent_server_is_not_waited_for() -> None:
    with talking() as url, pytest.raises(NotSent, match="timed out"):
        connect(url, limits=Limits(step=0.05, accept=0.05))


def test_a_server_that_refuses_everybody() -> None:
    with talking(b"554 no service here\r\n") as url, pytest.raises(NotSent, match="554 no service") as raised:
        connect(url)
    assert raised.value.outcome is Outcome.DEFERRED


def test_an_answer_that_does_not_come_leaves_a_doubt() -> None:
    ok = b"250 OK\r\n"
    with talking(b"220 hi\r\n", ok, ok, ok, b"354 go on\r\n") as url:
        session = connect(url, limits=Limits(step=5, accept=0.05))
        with pytest.raises(NotSent) as raised:
            session.send(LETTER, nothing)
        assert raised.value.outcome is Outcome.DOUBTFUL
        assert not session.usable


def test_lines_cannot_be_smuggled_into_the_conversation(server: MailServer) -> None:
    evil = Letter("shop@example.com", "sam@example.com>\r\nRCPT TO:<eve@example.com", CONTENT)
    connect(server.url).send(evil, nothing)
    assert [mail.recipients for mail in server.taken] == [["sam@example.com"]]
