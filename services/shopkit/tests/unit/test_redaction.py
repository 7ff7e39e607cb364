"""What must not get into the logs, whoever writes it."""

from __future__ import annotations

import pytest

from shopkit.ids import new_id
from shopkit.redaction import redact, redact_event

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("cannot reach postgresql://shop:s3cret@db:5432/x", "cannot reach postgresql://[hidden]@db:5432/x"),
        ("amqp://users:a%2Fb@broker.shop.svc:5672/%2F", "amqp://[hidden]@broker.shop.svc:5672/%2F"),
        ("dsn host=db password=s3cret user=a", "dsn host=db [hidden] user=a"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [hidden]"),
        ("Authorization: Basic dTpw", "Authorization: Basic [hidden]"),
        (f"token {JWT} has expired", "token [hidden] has expired"),
        ("Key (email)=(ann.o'neil+x@mail.example.org) exists", "Key (email)=(ann.o'[hidden]) exists"),
        ("card 4242424242424242 declined", "card [hidden] declined"),
        ("card 4242 4242 4242 4242, and 4242-4242-4242-4242", "card [hidden], and [hidden]"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, safe: str) -> None:
    assert redact(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "http://demo-payments:80/internal/v1/charges",
        "2026-11-23T19:45:44.123456Z",
        "0af7651916cd43dd8448eb211c80319c",
        "01234567-8901-7234-8567-890123456789",
        "took 0.000123456789012 s",
        "order 1999 EUR, 17 pieces",
        'File "/app/orders/checkout.py", line 123, in pay',
        "a password was changed",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert redact(text) == text


def test_ids_stay() -> None:
    ids = [new_id() for _ in range(1000)]
    assert [redact(i) for i in ids] == ids


def test_fields_are_hidden_by_their_names_at_any_depth() -> None:
    event = {
        "event": "x",
        "password": "p",
        "refresh_token": "t",
        "count": 3,
        "inner": {"email": "no address", "list": ["a@b.example", 7]},
    }
    assert redact_event(event) == {
        "event": "x",
        "password": "[hidden]",
        "refresh_token": "[hidden]",
        "count": 3,
        "inner": {"email": "[hidden]", "list": ["[hidden]", 7]},
    }
