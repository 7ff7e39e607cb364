"""What is an e-mail address, and what is kept out of sight."""

from __future__ import annotations

import pytest

from shopkit import settings
from shopkit.settings import SettingsError
from users.models import Credentials, Registration, email_fault
from users.settings import BootstrapSettings, UsersSettings

FAULT = "must be an e-mail address such as ann@example.com"

URL = {"DATABASE_URL": "postgresql://users@127.0.0.1/users"}


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.com",
        "Ann.O'Neil+shop@mail.example.co.uk",
        "a@b",
        "admin@localhost",
        "x" * 64 + "@example.com",
        "a@" + ".".join(["x" * 63] * 3 + ["y" * 60]),
    ],
)
def test_an_address(text: str) -> None:
    assert email_fault(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@@example.com",
        "ann@example..com",
        "ann@-example.com",
        "ann@example-.com",
        "ann@example.com.",
        "ann example@example.com",
        " ann@example.com",
        "ann@example.com\n",
        "ann@example.com\r\nBcc: all@example.com",
        "Ann <ann@example.com>",
        "\u00e4nn@example.com",
        "ann@ex\u00e4mple.com",
        "x" * 65 + "@example.com",
        "a@" + ".".join(["x" * 63] * 4),
    ],
)
def test_no_address(text: str) -> None:
    assert email_fault(text) == FAULT


def test_a_model_does_not_show_its_password() -> None:
    registration = Registration(email="ann@example.com", password="swordfish", name="Ann")
    credentials = Credentials(email="ann@example.com", password="swordfish")
    assert "swordfish" not in f"{registration!r} {registration} {credentials!r} {credentials}"


def test_wrong_settings_are_named_and_secrets_are_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load(UsersSettings, {**URL, "ARGON2_CONCURRENCY": "0", "JWT_SIGNING_KEY": "swordfish"})
    assert str(caught.value) == (
        "the environment is not right:\n"
        "  AMQP_URL is not set: The message broker: `amqp://user:password@host:port/%2F`.\n"
        "  ARGON2_CONCURRENCY='0' must be from 1 to 64\n"
        "  JWT_ISSUER is not set: Issuer that tokens name.\n"
        "  JWT_SIGNING_KEY is not a private key in PEM without a passphrase"
    )


def test_a_wrong_administrator_is_named_and_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        settings.load(BootstrapSettings, {"ADMIN_EMAIL": "ann", "ADMIN_PASSWORD": "fish"})
    assert str(caught.value) == (
        f"the environment is not right:\n  ADMIN_EMAIL {FAULT}\n  ADMIN_PASSWORD must have from 8 to 128 characters"
    )
