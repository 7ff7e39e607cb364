"""What the gateway refuses for being too much, and the headers that it puts on every answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from charts.tests.envoy import Gateway, running_gateway, until
from charts.tests.helm import Helm, Object
from charts.tests.tokens import bearer

BODY_LIMIT = 4096
IMPORT_LIMIT = 16384
ORIGIN = "https://app.example.com"
VALUES: Object = {
    "limits": {"bodyBytes": BODY_LIMIT, "importBytes": IMPORT_LIMIT},
    "cors": {"allowOrigins": [ORIGIN]},
}


@pytest.fixture(scope="module")
def gateway(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Return a running gateway in front of stubs."""
    with running_gateway(helm, VALUES, tmp_path_factory.mktemp("envoy")) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/orders", BODY_LIMIT),
        ("/api/v1/products", BODY_LIMIT),
        ("/products/import", IMPORT_LIMIT),
        ("/basket", BODY_LIMIT),
    ],
)
def test_body_limit(gateway: Gateway, path: str, limit: int) -> None:
    token = bearer(gateway.signer.token())
    assert gateway.call("POST", path, b"x" * limit, token).json["length"] == limit
    before = gateway.asked()
    answer = gateway.call("POST", path, b"x" * (limit + 1), token)
    assert answer.status == 413
    assert answer.problem == "body-too-large"
    assert answer.json["detail"] == "The largest body is 4096 bytes, that of a catalogue to import 16384."
    assert gateway.asked() == before


@pytest.mark.parametrize("headers", [{"X-Large": "x" * 33_000}, {f"X-{number}": "x" for number in range(101)}])
def test_header_limits(gateway: Gateway, headers: dict[str, str]) -> None:
    answer = gateway.call("GET", "/products", headers=headers)
    assert answer.status == 431
    assert answer.problem == "headers-too-large"


def test_a_service_that_hangs_holds_up_no_other(helm: Helm, tmp_path: Path) -> None:
    values: Object = {"limits": {"requestsPerService": 3}}
    with running_gateway(helm, values, tmp_path) as gateway, ThreadPoolExecutor(3) as pool:
        payments, token = gateway.stubs["payments"], bearer(gateway.signer.token())
        hold = {"X-Test-Hold": "1", **token}
        held = [pool.submit(gateway.call, "POST", "/api/v1/payments", b"{}", hold) for _ in range(3)]
        until(lambda: len(payments.asked) == 3, "three requests are under way")
        answer = gateway.call("POST", "/api/v1/payments", b"{}", token)
        assert (answer.status, answer.problem, answer.headers["retry-after"]) == (503, "unavailable", "1")
        assert len(payments.asked) == 3
        assert gateway.call("POST", "/orders", b"{}", token).status == 200
        payments.held.set()
        assert [one.result().status for one in held] == [200] * 3
        assert gateway.call("POST", "/api/v1/payments", b"{}", token).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/products", 200), ("POST", "/orders", 401), ("GET", "/api/v2", 404)]
)
def test_security_headers(gateway: Gateway, method: str, path: str, status: int) -> None:
    answer = gateway.call(method, path)
    assert answer.status == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "strict-transport-security" not in answer.headers
    assert "x-envoy-upstream-service-time" not in answer.headers


def test_other_origins_may_call_where_they_are_named(gateway: Gateway) -> None:
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    before = gateway.asked()
    answer = gateway.call("OPTIONS", "/api/v1/orders", headers=preflight)
    assert gateway.asked() == before
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    assert gateway.call("GET", "/products", headers={"Origin": ORIGIN}).headers["access-control-allow-origin"] == ORIGIN
    # A page must be able to read why it was refused.
    refused = gateway.call("POST", "/orders", headers={"Origin": ORIGIN})
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, ORIGIN)


def test_origins_that_are_not_named_may_not(gateway: Gateway) -> None:
    for method in ("OPTIONS", "GET"):
        headers = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": "GET"}
        assert "access-control-allow-origin" not in gateway.call(method, "/products", headers=headers).headers


def test_rate_limit_of_a_client(helm: Helm, tmp_path: Path) -> None:
    values: Object = {
        "rateLimit": {"requestsPerMinute": 30, "credentialsPerMinute": 4},
        "global": {"trustedProxies": 1},
    }
    with running_gateway(helm, values, tmp_path) as gateway:

        def statuses(method: str, path: str, count: int, client: str) -> list[int]:
            headers = {"X-Forwarded-For": client}
            return [gateway.call(method, path, headers=headers).status for _ in range(count)]

        # All paths with passwords share the stricter limit, however they are spelled.
        assert statuses("POST", "/login", 2, "198.51.100.1") == [200] * 2
        assert statuses("POST", "/api/v1/oauth/token", 1, "198.51.100.1") == [200]
        assert statuses("POST", "/sign-in", 1, "198.51.100.1") == [200]
        before = gateway.asked()
        answer = gateway.call("POST", "//login", headers={"X-Forwarded-For": "198.51.100.1"})
        assert (answer.status, answer.problem) == (429, "too-many-requests")
        assert answer.headers["retry-after"] == "15"
        assert gateway.asked() == before
        # The page of the form is no attempt, and other paths have the wider limit.
        assert statuses("GET", "/sign-in", 1, "198.51.100.1") == [200]
        assert statuses("GET", "/products", 25, "198.51.100.1") == [200] * 25
        limited = gateway.call("GET", "/products", headers={"X-Forwarded-For": "198.51.100.1"})
        assert (limited.status, limited.problem) == (429, "too-many-requests")
        assert limited.headers["retry-after"] == "1"
        # Another client is another bucket; a network of IPv6 is one client.
        assert statuses("POST", "/login", 1, "198.51.100.2") == [200]
        assert statuses("POST", "/login", 5, "2001:db8::1") == [200] * 4 + [429]
        assert statuses("POST", "/login", 1, "2001:db8::2") == [429]
        assert statuses("POST", "/login", 1, "2001:db8:0:1::1") == [200]


def test_clients_cannot_choose_their_address(helm: Helm, tmp_path: Path) -> None:
    with running_gateway(
        helm, {"rateLimit": {"requestsPerMinute": 10, "credentialsPerMinute": 2}}, tmp_path
    ) as gateway:
        calls = [gateway.call("POST", "/login", headers={"X-Forwarded-For": f"203.0.113.{n}"}).status for n in range(3)]
        assert calls == [200, 200, 429]


@pytest.mark.parametrize(("per_minute", "credentials", "wanted"), [(600, 0, 60), (5, 0, 1), (600, 10, 10)])
def test_the_stricter_limit_is_a_tenth(
    helm: Helm, tmp_path: Path, per_minute: int, credentials: int, wanted: int
) -> None:
    values = {"rateLimit": {"requestsPerMinute": per_minute, "credentialsPerMinute": credentials}}
    with running_gateway(helm, values, tmp_path) as gateway:
        answer = gateway.call("POST", "/login")
        assert answer.headers["x-ratelimit-limit"].split(",")[0] == str(wanted)
