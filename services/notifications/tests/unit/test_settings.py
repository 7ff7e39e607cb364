"""What the environment must hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifications.settings import NotificationsSettings
from shopkit import settings
from shopkit.settings import SettingsError
from tests.certificates import server_context

ENVIRON = {
    "DATABASE_URL": "postgresql://db",
    "AMQP_URL": "amqp://broker",
    "JWT_ISSUER": "shopkeeper/test/test",
    "USERS_URL": "http://users",
    "SHOP_URL": "https://demo.example.com",
    "MAIL_FROM": "Demo <shop@demo.example.com>",
    "SMTP_URL": "smtp://mail:1025",
}


def load(**changed: str) -> NotificationsSettings:
    loaded: NotificationsSettings = settings.load(NotificationsSettings, {**ENVIRON, **changed})
    return loaded


def test_what_is_enough(tmp_path: Path) -> None:
    assert load().mail_attempts == 30
    server_context(tmp_path)
    authorities = str(tmp_path / "ca.pem")
    assert load(SMTP_CA_FILE=authorities).smtp_ca_file == authorities


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"SMTP_URL": ""}, "SMTP_URL is not set"),
        ({"SMTP_URL": "smtp://user:secret@mail/x"}, "SMTP_URL must end after host and port"),
        ({"MAIL_FROM": "Demo"}, "MAIL_FROM='Demo' must be like"),
        ({"SHOP_URL": "demo.example.com"}, "SHOP_URL='demo.example.com' must start with"),
        ({"SMTP_CA_FILE": "/nowhere.pem"}, "SMTP_CA_FILE='/nowhere.pem' must be a file of certificates"),
        ({"SMTP_CA_FILE": __file__}, "must be a file of certificates"),
        ({"MAIL_ATTEMPTS": "0"}, "MAIL_ATTEMPTS='0' must be from 1"),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, str], fault: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load(**changed)
    assert fault in str(raised.value)
    assert "secret" not in str(raised.value)
