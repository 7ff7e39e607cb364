from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest

from shopkit.app import ServiceApp, create_app
from shopkit.auth import needed_scope, require_role
from shopkit.ids import new_id
from shopkit.keys import KeysError, StaticKeys, parse_jwks
from shopkit.service import Service
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens

NOTES = "/api/v1/notes"


def status(client: ContractClient, authorization: str | None) -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    response = client.post(NOTES, json={}, headers=headers)
    if response.status_code == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    return response.status_code


def test_a_good_token_gets_as_far_as_the_body(client: ContractClient, tokens: Tokens) -> None:
    assert status(client, f"Bearer {tokens.mint()}") == 422
    assert status(client, f"bearer {tokens.mint()}") == 422


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer x", "Bearer a.b.c", "Bearer ä.ö.ü"]
)
def test_no_token_or_nonsense_is_a_401(client: ContractClient, header: str | None) -> None:
    assert status(client, header) == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": int(time.time()) - 1},
        {"exp": None},
        {"iat": None},
        {"iat": int(time.time()) + 600},
        {"iss": "shopkeeper/test/other"},
        {"iss": None},
        {"aud": "bank"},
        {"aud": None},
        {"sub": None},
        {"sub": "root"},
        {"role": "owner"},
        {"role": None},
        {"scope": ["demo:write"]},
        {"nbf": int(time.time()) + 600},
    ],
)
def test_a_token_with_a_wrong_claim_is_a_401(client: ContractClient, tokens: Tokens, changed: dict[str, Any]) -> None:
    assert status(client, f"Bearer {tokens.mint(**changed)}") == 401


def test_a_token_of_another_key_is_a_401(client: ContractClient) -> None:
    assert status(client, f"Bearer {Tokens().mint()}") == 401
    assert status(client, f"Bearer {Tokens('another-key').mint()}") == 401


def test_other_algorithms_are_refused(client: ContractClient, tokens: Tokens) -> None:
    claims = jwt.decode(tokens.mint(), options={"verify_signature": False})
    public = tokens.jwks()["keys"][0]["x"]
    shared = jwt.encode(claims, public.ljust(32), algorithm="HS256", headers={"kid": "test-key"})
    assert status(client, f"Bearer {shared}") == 401
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "test-key"}).encode()).rstrip(b"=").decode()
    assert status(client, f"Bearer {head}.{tokens.mint().split('.')[1]}.") == 401


def test_a_changed_token_is_a_401(client: ContractClient, tokens: Tokens) -> None:
    head, _, signature = tokens.mint().split(".")
    other = tokens.mint(role="admin").split(".")[1]
    assert status(client, f"Bearer {head}.{other}.{signature}") == 401


def test_a_role_is_asked_for(client: ContractClient, tokens: Tokens) -> None:
    path = f"{NOTES}/{new_id()}"
    assert client.delete(path).status_code == 401
    refused = client.delete(path, headers=tokens.user())
    assert (refused.status_code, body_of(refused)["detail"]) == (403, "Only a user with the role admin may do this.")


@pytest.mark.parametrize("scope", ["demo:write", "demo:read demo:write", "other:read  demo:write"])
def test_a_scope_that_covers_the_method_is_enough(client: ContractClient, tokens: Tokens, scope: str) -> None:
    assert status(client, f"Bearer {tokens.mint(scope=scope)}") == 422


@pytest.mark.parametrize("scope", ["", "demo:read", "other:write", "demo", "demo:*", "DEMO:WRITE", "demo:write:all"])
def test_another_scope_is_refused_before_anything_is_done(app: ServiceApp, tokens: Tokens, scope: str) -> None:
    headers = {"Authorization": f"Bearer {tokens.mint(scope=scope)}"}
    response = app.test_client().post(NOTES, json={}, headers=headers)
    assert response.status_code == 403
    assert response.headers["WWW-Authenticate"] == (
        'Bearer realm="shop", error="insufficient_scope", scope="demo:write"'
    )
    assert body_of(response)["type"] == "https://shopkeeper.dev/problems/insufficient-scope"


def test_a_scope_gives_no_role(app: ServiceApp, tokens: Tokens) -> None:
    headers = {"Authorization": f"Bearer {tokens.mint(scope='demo:write')}"}
    response = app.test_client().delete(f"{NOTES}/{new_id()}", headers=headers)
    assert body_of(response)["type"] == "https://shopkeeper.dev/problems/forbidden"


@pytest.mark.parametrize(
    ("method", "scope"), [("GET", "read"), ("HEAD", "read"), ("POST", "write"), ("PATCH", "write"), ("DELETE", "write")]
)
def test_reading_and_writing_are_scopes_of_their_own(method: str, scope: str) -> None:
    assert needed_scope("orders", method) == f"orders:{scope}"


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer internal-token-of-the-test", "Bearer \xff"])
def test_internal_routes_want_the_shared_token(client: ContractClient, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    assert client.post("/internal/v1/relay", headers=headers).status_code == 401


def test_a_users_token_does_not_open_internal_routes(client: ContractClient, tokens: Tokens) -> None:
    assert client.post("/internal/v1/relay", headers=tokens.admin()).status_code == 401
    assert client.post("/internal/v1/relay", headers=tokens.internal()).status_code == 503, "users cannot be reached"


def test_without_keys_a_token_cannot_be_judged(service: Service[Any], environ: dict[str, str], tokens: Tokens) -> None:
    app: ServiceApp = create_app(service, environ)
    response = app.test_client().post(NOTES, json={}, headers=tokens.user())
    assert (response.status_code, response.headers["Retry-After"]) == (503, "5")


def test_a_misspelt_role_is_found_at_start() -> None:
    with pytest.raises(ValueError, match="unknown role 'adnim'"):
        require_role("adnim")


def test_keys_of_other_kinds_are_passed_over(tokens: Tokens) -> None:
    document = {
        "keys": [{"kty": "RSA", "kid": "r"}, *tokens.jwks()["keys"], {"kty": "OKP", "crv": "X25519", "kid": "x"}]
    }
    assert list(parse_jwks(document)) == ["test-key"]
    assert StaticKeys(document).key("r") is None


def test_a_document_without_keys_is_refused() -> None:
    with pytest.raises(KeysError, match="no list `keys`"):
        parse_jwks({"error": "x"})
