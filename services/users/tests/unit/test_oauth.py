"""Reading token requests."""

from __future__ import annotations

import base64

import pytest

from users.oauth import Client, OAuthFault, granted_scopes, read_client, read_parameters

BODY = {"client_id": "key", "client_secret": "secret"}


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_a_parameter_without_a_value_is_left_out() -> None:
    assert read_parameters([("a", ["1"]), ("b", [""])]) == {"a": "1"}


def test_a_repeated_parameter_is_refused() -> None:
    with pytest.raises(OAuthFault) as caught:
        read_parameters([("a", ["1", "1"])])
    assert (caught.value.error, caught.value.status) == ("invalid_request", 400)


@pytest.mark.parametrize(
    ("authorization", "parameters"),
    [
        ("", BODY),
        (basic("key:secret"), {}),
        (basic("k%65y:secret"), {}),
        (basic("key:secret").replace("Basic", "basic"), {}),
    ],
    ids=["body", "basic", "encoded", "lower case"],
)
def test_the_client_is_in_the_header_or_in_the_body(authorization: str, parameters: dict[str, str]) -> None:
    assert read_client(authorization, parameters) == Client("key", "secret")


def test_a_secret_may_have_a_colon_and_is_not_shown() -> None:
    client = read_client(basic("key:se:cret"), {})
    assert client.secret == "se:cret"
    assert "se:cret" not in repr(client)


@pytest.mark.parametrize(
    ("authorization", "parameters", "error", "status"),
    [
        ("", {}, "invalid_client", 401),
        ("", {"client_id": "key"}, "invalid_client", 401),
        ("", {"client_secret": "secret"}, "invalid_client", 401),
        ("Basic", {}, "invalid_client", 401),
        ("Basic x", {}, "invalid_client", 401),
        ("Basic ä", {}, "invalid_client", 401),
        ("Basic //79", {}, "invalid_client", 401),
        (basic("key"), {}, "invalid_client", 401),
        ("Bearer a.b.c", {}, "invalid_client", 401),
        (basic("key:secret"), BODY, "invalid_request", 400),
    ],
)
def test_other_credentials_are_refused(authorization: str, parameters: dict[str, str], error: str, status: int) -> None:
    with pytest.raises(OAuthFault) as caught:
        read_client(authorization, parameters)
    assert (caught.value.error, caught.value.status) == (error, status)


@pytest.mark.parametrize(("asked", "granted"), [("", ["a", "b"]), ("a", ["a"]), ("b a", ["a", "b"]), ("a a", ["a"])])
def test_scopes_are_granted(asked: str, granted: list[str]) -> None:
    assert granted_scopes(["a", "b"], asked) == granted


@pytest.mark.parametrize("asked", ["c", "a c", "A", "a,b", " ", "a  b", "a\n"])
def test_no_scope_is_granted_that_the_key_has_not(asked: str) -> None:
    with pytest.raises(OAuthFault) as caught:
        granted_scopes(["a", "b"], asked)
    assert caught.value.error == "invalid_scope"
