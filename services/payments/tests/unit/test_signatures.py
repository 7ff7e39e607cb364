"""Signatures of webhooks."""

from __future__ import annotations

import pytest

from payments.signatures import Signatures, derived
from shopkit.problems import Problem

NOW = 1_800_000_000
BODY = b'{"status":"captured"}'


def signatures(secret: str | None = None, at: float = NOW) -> Signatures:
    return Signatures("secret" if secret is None else secret, 300, lambda: at)


def refusal(header: str | None, body: bytes = BODY, at: float = NOW) -> str:
    with pytest.raises(Problem) as refused:
        signatures(at=at).check(header, body)
    assert (refused.value.status, refused.value.slug) == (401, "invalid-signature")
    return refused.value.detail


def test_what_was_signed_is_taken() -> None:
    header = signatures().sign(BODY)
    assert header == ("t=1800000000,v1=731fe2a501bd2a40c1aea885a45b46527b192754572ee7d7d8decd19d7188e0b")
    signatures().check(header, BODY)


def test_one_of_several_signatures_has_to_fit() -> None:
    seconds, _, good = signatures().sign(BODY).partition(",")
    other = signatures("old secret").sign(BODY).partition(",")[2]
    signatures().check(f"{seconds},{other},{good}", BODY)
    signatures().check(f"{seconds},{good},{other}", BODY)
    assert refusal(f"{seconds},{other},{other}") == "The signature does not fit the body and the time."


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_it_holds_for_five_minutes(age: int) -> None:
    signatures(at=NOW + age).check(signatures().sign(BODY), BODY)


@pytest.mark.parametrize("age", [-301, 301, 10**8])
def test_a_replay_is_refused(age: int) -> None:
    detail = refusal(signatures().sign(BODY), at=NOW + age)
    assert detail == "The signature's time is more than 300 s from ours: sign it anew."


def test_another_body_time_or_secret_is_refused() -> None:
    header = signatures().sign(BODY)
    for wrong, body in (
        (header, BODY + b" "),
        (header, b""),
        (header.replace("t=1800000000", "t=1800000001"), BODY),
        (signatures("other").sign(BODY), BODY),
        (signatures("").sign(BODY), BODY),
    ):
        assert refusal(wrong, body) == "The signature does not fit the body and the time."


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=1800000000",
        "v1=" + "0" * 64,
        "t=,v1=" + "0" * 64,
        "t=-1,v1=" + "0" * 64,
        "t=1800000000,v1=" + "0" * 63,
        "t=1800000000,v1=" + "G" * 64,
        "t=1800000000, v1=" + "0" * 64,
        "t=1800000000" + (",v1=" + "0" * 64) * 5,
        "t=1800000000,v1=" + "0" * 64 + "\n",
        "t=" + "1" * 13 + ",v1=" + "0" * 64,
    ],
)
def test_what_is_no_signature_is_refused(header: str | None) -> None:
    assert refusal(header) == "Send the header Webhook-Signature: t=<seconds>,v1=<hex HMAC-SHA256>."


def test_the_derived_secret_is_not_the_token() -> None:
    assert derived("token") == derived("token") != derived("other")
    assert "token" not in derived("token")
