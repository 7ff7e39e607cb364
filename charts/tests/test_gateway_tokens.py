"""Access tokens at the edge: which paths need one, which ones do not pass, where the keys come from."""

import re
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
import yaml

from charts.tests.envoy import Gateway, running_gateway, until
from charts.tests.helm import CHARTS, Helm, Object
from charts.tests.tokens import Signer, bearer, payload, unsigned

SERVICES = CHARTS.parent / "services"
METHODS = ("get", "put", "post", "patch", "delete")
ID = "0192f7a0-0000-7000-8000-000000000002"


def operations() -> list[tuple[str, str, str, bool]]:
    """Return service, method, path and whether it takes a token, of everything that the services declare."""
    found = []
    for file in sorted(SERVICES.glob("*/openapi.yaml")):
        paths = yaml.safe_load(file.read_text())["paths"]
        for path, item in paths.items():
            if path.startswith(("/api/", "/.well-known/")):
                for method in METHODS & item.keys():
                    protected = any("accessToken" in one for one in item[method].get("security", []))
                    found.append((file.parent.name, method.upper(), re.sub(r"\{[^}]*}", ID, path), protected))
    return sorted(found)


@pytest.fixture(scope="module")
def gateway(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Return a running gateway in front of stubs."""
    with running_gateway(helm, {}, tmp_path_factory.mktemp("envoy")) as running:
        yield running


@pytest.mark.parametrize(("service", "method", "path", "protected"), operations())
def test_the_edge_asks_for_tokens_where_the_services_do(
    gateway: Gateway, service: str, method: str, path: str, protected: bool
) -> None:
    short = path.removeprefix("/api/v1")
    for spelling in {path, short} if is_short(short) else {path}:
        before = gateway.asked()
        answer = gateway.call(method, spelling)
        assert answer.status == (401 if protected else 200)
        assert (gateway.asked() == before) == (protected or "jwks" in path)
        answer = gateway.call(method, spelling, headers=bearer(gateway.signer.token()))
        assert (answer.status, answer.json["service"], answer.json["path"]) == (200, service, path)


def is_short(path: str) -> bool:
    """Tell whether a path of the API works without /api/v1."""
    return path.split("/")[1] in {"register", "login", "users", "products", "inventory", "orders"}


@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/", "/account", "/checkout"])
def test_pages_are_for_everybody(gateway: Gateway, path: str) -> None:
    for method in ("GET", "POST"):
        assert gateway.call(method, path).json["service"] == "storefront"


def bad_tokens() -> dict[str, str]:
    """Return tokens that a shop must not take; `first` is the key that it knows."""
    stranger = Signer("first")
    return {
        "nothing": "",
        "words": "let me in",
        "half": stranger.token().rpartition(".")[0],
        "foreign key": stranger.token(),
        "unknown key": Signer("second").token(),
        "no algorithm": unsigned(),
        "public key as a password": jwt.encode(payload({}), stranger.public, "HS256", {"kid": "first"}),
    }


BAD_CLAIMS: dict[str, Object] = {
    "expired": {"exp": 1_700_000_000},
    "never expires": {"exp": None},
    "not yet": {"nbf": 4_000_000_000},
    "another shop": {"iss": "shopkeeper/test/other"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "elsewhere"},
    "no audience": {"aud": None},
}


@pytest.mark.parametrize("name", [*bad_tokens(), *BAD_CLAIMS])
def test_bad_tokens_end_at_the_edge(gateway: Gateway, name: str) -> None:
    token = gateway.signer.token(**BAD_CLAIMS[name]) if name in BAD_CLAIMS else bad_tokens()[name]
    before = gateway.asked()
    answer = gateway.call("POST", "/orders", b"{}", bearer(token))
    assert (answer.status, answer.problem) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="shop"')
    assert answer.json["detail"] in {
        "The token is not valid.",
        "The token has expired: log in again.",
        "Send the header Authorization: Bearer <token>.",
    }
    assert gateway.asked() == before


def test_a_token_travels_in_its_header_only(gateway: Gateway) -> None:
    token = gateway.signer.token()
    answer = gateway.call("GET", f"/orders?access_token={token}", headers={"Cookie": f"access_token={token}"})
    assert answer.status == 401
    assert gateway.call("GET", "/orders", headers={"Authorization": f"Basic {token}"}).status == 401


def test_the_service_gets_the_token_too(gateway: Gateway) -> None:
    token = gateway.signer.token()
    seen = gateway.call("GET", "/orders", headers=bearer(token)).json["headers"]
    assert seen["authorization"] == f"Bearer {token}"


def test_a_bad_token_does_not_matter_where_none_is_needed(gateway: Gateway) -> None:
    assert gateway.call("GET", "/products", headers=bearer("stale")).status == 200
    assert gateway.call("POST", "/login", b"{}", bearer("stale")).status == 200


def eventually(gateway: Gateway, token: str, status: int) -> None:
    """Ask until a token gets the wanted status."""
    until(lambda: gateway.call("GET", "/orders", headers=bearer(token)).status == status, f"the token gets {status}")


def test_keys_may_change(helm: Helm, tmp_path: Path) -> None:
    with running_gateway(helm, {"tokens": {"keysSeconds": 6}}, tmp_path) as gateway:
        old, new = gateway.signer, Signer("second")
        gateway.stubs["users"].keys = [new.jwk(), old.jwk()]
        eventually(gateway, new.token(), 200)
        eventually(gateway, old.token(), 200)
        gateway.stubs["users"].keys = [new.jwk()]
        eventually(gateway, old.token(), 401)
        eventually(gateway, new.token(), 200)


def test_without_users_the_shop_stays_open(helm: Helm, tmp_path: Path) -> None:
    with running_gateway(helm, {"tokens": {"keysSeconds": 6}}, tmp_path, published=False) as gateway:
        users, token = gateway.stubs["users"], gateway.signer.token()
        assert gateway.call("GET", "/products").status == 200
        answer = gateway.call("GET", "/orders", headers=bearer(token))
        assert (answer.status, answer.problem) == (503, "keys-unavailable")
        assert answer.headers["retry-after"] == "5"
        assert "www-authenticate" not in answer.headers

        users.keys = [gateway.signer.jwk()]
        eventually(gateway, token, 200)
        # Gone again: the keys of before go on working, long after they should have been fetched anew.
        users.keys = None
        before = users.key_requests
        while users.key_requests < before + 10:
            assert gateway.call("GET", "/orders", headers=bearer(token)).status == 200
