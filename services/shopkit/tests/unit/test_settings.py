from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass
from typing import Any

import pytest

from shopkit.settings import (
    Settings,
    SettingsError,
    TokenSettings,
    between,
    currency_code,
    load,
    one_of,
    setting,
    starts_with,
    table,
)

URL = "postgresql://a:hidden@h/d"


@dataclass(frozen=True, kw_only=True)
class Sample:
    name: str = setting("NAME", "A name.")
    count: int = setting("COUNT", "A count.", default=3, check=between(1, 9))
    ratio: float = setting("RATIO", "A ratio.", default=0.5)
    token: str = setting("TOKEN", "A secret.", secret=True, check=starts_with("t-"))


def test_values_are_typed_and_defaults_fill_in() -> None:
    assert load(Sample, {"NAME": "n", "TOKEN": "t-1", "COUNT": "7"}) == Sample(name="n", token="t-1", count=7)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load(Sample, {"NAME": "n", "TOKEN": "t-1", "COUNT": ""}).count == 3


def test_every_fault_is_named_at_once_and_secrets_are_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        load(Sample, {"COUNT": "ten", "RATIO": "x", "TOKEN": "hidden"})
    assert str(caught.value) == (
        "the environment is not right:\n"
        "  NAME is not set: A name.\n"
        "  COUNT='ten' must be a whole number\n"
        "  RATIO='x' must be a number\n"
        "  TOKEN must start with t-"
    )


def test_a_value_out_of_bounds_is_named() -> None:
    with pytest.raises(SettingsError, match=r"COUNT='10' must be from 1 to 9"):
        load(Sample, {"NAME": "n", "TOKEN": "t-1", "COUNT": "10"})


def test_settings_cannot_be_changed_and_hide_secrets() -> None:
    loaded: Any = load(Settings, {"DATABASE_URL": URL})
    assert "hidden" not in repr(loaded)
    with pytest.raises(FrozenInstanceError):
        loaded.http_port = 1


@pytest.mark.parametrize("url", ["mysql://x", "postgresql:/x", "host=x"])
def test_a_database_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL must start with postgresql:// or postgres://"):
        load(Settings, {"DATABASE_URL": url})


def test_the_server_must_be_one_we_have() -> None:
    with pytest.raises(SettingsError, match="SERVER='uwsgi' must be one of granian, gunicorn"):
        load(Settings, {"DATABASE_URL": URL, "SERVER": "uwsgi"})


@pytest.mark.parametrize(("value", "fine"), [("EUR", True), ("eur", False), ("EURO", False), ("E1R", False)])
def test_a_currency_has_three_capital_letters(value: str, *, fine: bool) -> None:
    assert (currency_code(value) is None) is fine


def test_the_table_lists_every_variable_and_no_secret() -> None:
    assert table(Sample) == (
        "| variable | default | what it is |\n"
        "|---|---|---|\n"
        "| `NAME` | required | A name. |\n"
        "| `COUNT` | `3` | A count. |\n"
        "| `RATIO` | `0.5` | A ratio. |\n"
        "| `TOKEN` | required | A secret. |\n"
    )


def test_a_service_with_tokens_needs_issuer_and_users() -> None:
    with pytest.raises(SettingsError) as caught:
        load(TokenSettings, {"DATABASE_URL": URL, "USERS_URL": "users"})
    assert "JWT_ISSUER is not set" in str(caught.value)
    assert "USERS_URL='users' must start with http:// or https://" in str(caught.value)


def test_one_of() -> None:
    assert one_of("a", "b")("c") == "must be one of a, b"
