"""What a refresh token is made of."""

from __future__ import annotations

import hashlib

import pytest

from users.refresh_tokens import RefreshToken, new_refresh_token, read_refresh_token


def test_a_token_is_read_as_it_was_written() -> None:
    token = new_refresh_token()
    assert len(token.text) == 64
    assert read_refresh_token(token.text) == token


def test_the_successor_is_another_secret_of_the_same_family() -> None:
    token = new_refresh_token()
    following = token.successor()
    assert following.family == token.family
    assert following.secret != token.secret
    assert new_refresh_token().family != token.family


def test_what_is_stored_are_hashes() -> None:
    token = RefreshToken(b"f" * 16, b"s" * 32)
    assert token.family_hash == hashlib.sha256(b"f" * 16).digest()
    assert token.secret_hash == hashlib.sha256(b"s" * 32).digest()


def test_it_is_not_shown() -> None:
    assert repr(new_refresh_token()) == "RefreshToken()"


@pytest.mark.parametrize("text", ["", "x" * 63, "x" * 65, "x" * 63 + "=", "x" * 63 + "/", "x" * 63 + "\n", "é" * 64])
def test_anything_else_is_no_token(text: str) -> None:
    assert read_refresh_token(text) is None
