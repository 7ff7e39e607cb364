"""Which service these tests are about, and the mail server that it sends to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from notifications.service import SERVICE
from shopkit.app import ServiceApp, create_app
from shopkit.service import Service
from shopkit.testing.tokens import Tokens
from tests.integration.world import Replica
from tests.mailserver import MailServer


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The service under test."""
    return SERVICE


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    """A real SMTP server of this module."""
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def extra_environ(mail_server: MailServer) -> dict[str, str]:
    """Where the mail server is, and how the shop is called."""
    return {
        "SMTP_URL": mail_server.url,
        "SMTP_TIMEOUT_SECONDS": "5",
        "MAIL_FROM": "Démo Shop <shop@demo.example.com>",
        "SHOP_URL": "https://demo.example.com/",
    }


@pytest.fixture
def mails(mail_server: MailServer) -> MailServer:
    """The mail server, empty and friendly."""
    mail_server.reset()
    return mail_server


@pytest.fixture
def replica(service: Service[Any], environ: dict[str, str], tokens: Tokens) -> Iterator[Replica]:
    """Maker of further replicas of the service, with other settings if any are given."""
    with ExitStack() as stack:

        def make(**changed: str) -> ServiceApp:
            made = create_app(service, {**environ, **changed}, keys=tokens.keys)
            stack.callback(made.runtime.database.close)
            return made

        yield make
