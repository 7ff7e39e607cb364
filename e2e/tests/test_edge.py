"""The gateway: TLS, who may in, how often, and requests that try to get around it."""

import json
import socket
import ssl
import time
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from e2e.support.kubectl import Kubectl
from e2e.support.shop import Shop, forward
from e2e.support.shopper import Shopper
from e2e.support.tls import trusting
from e2e.support.waiting import eventually

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def product(admin: Shopper) -> str:
    return admin.offer("Kettle", price=3900, stock=5)


@pytest.fixture(scope="module")
def https_port(shop: Shop) -> Iterator[int]:
    with forward(shop.kubectl, f"service/{shop.name}-gateway", 443) as port:
        yield port


def certificate(shop: Shop, port: int) -> x509.Certificate:
    """Shake hands as a client that trusts the Shop's authority and nobody else; return the server's certificate."""
    context = ssl.create_default_context(cadata=shop.secret("tls")["ca.crt"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=f"{shop.name}-gateway") as secure,
    ):
        sent = secure.getpeercert(binary_form=True)
        assert sent is not None
        return x509.load_der_x509_certificate(sent)


def test_https_is_served_with_a_certificate_of_the_shops_own_authority(shop: Shop, https_port: int) -> None:
    answer = trusting(shop, https_port).request("GET", "/api/v1/products?limit=1")

    assert answer.status == 200
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert certificate(shop, https_port).serial_number > 0


def test_new_certificate_is_served_without_a_restart(shop: Shop, https_port: int) -> None:
    before = certificate(shop, https_port).serial_number
    pods = {pod["metadata"]["uid"]: restarts(pod) for pod in gateway_pods(shop)}

    # The operator makes a new one in the place of one that is gone.
    shop.kubectl("delete", "secret", f"{shop.name}-tls")

    # The kubelet brings new contents to a pod within its sync period and the cache's life time.
    eventually(
        lambda: trusted_serial(shop, https_port) not in (None, before), "the gateway serves the new certificate", 150
    )
    assert {pod["metadata"]["uid"]: restarts(pod) for pod in gateway_pods(shop)} == pods


def gateway_pods(shop: Shop) -> list[dict[str, Any]]:
    return [pod for pod in shop.children("pods") if pod["metadata"]["labels"]["app.kubernetes.io/name"] == "gateway"]


def restarts(pod: dict[str, Any]) -> int:
    return sum(status["restartCount"] for status in pod["status"]["containerStatuses"])


def trusted_serial(shop: Shop, port: int) -> int | None:
    if shop.kubectl.find("secret", f"{shop.name}-tls") is None:
        return None
    try:
        return certificate(shop, port).serial_number
    except ssl.SSLError:
        return None


def forged(shop: Shop, **changed: Any) -> str:
    """Return a token with the right claims, but for those changed, signed by a key that is not the Shop's."""
    now = int(time.time())
    claims = {
        "iss": f"shopkeeper/{shop.kubectl.namespace}/{shop.name}",
        "aud": "shop",
        "sub": str(uuid.uuid4()),
        "role": "admin",
        "iat": now,
        "exp": now + 600,
        "jti": str(uuid.uuid4()),
        **changed,
    }
    return jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": "foreign"})


def unsigned(token: str) -> str:
    """Return a token with the same claims whose header says that it needs no signature."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, "", algorithm="none")


def test_bad_tokens_are_refused_at_the_edge(shop: Shop, anyone: Shopper, admin: Shopper) -> None:
    expired = forged(shop, exp=int(time.time()) - 60)
    truncated = admin.token[:-4]
    for token in ("", "nonsense", forged(shop), expired, unsigned(admin.token), truncated):
        client = Shopper(anyone.url, token, anyone.pool)
        answer = client.call("POST", "/products", {"name": "Intruder", "price": 1})
        assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json"), token
        assert answer.headers["www-authenticate"].startswith("Bearer")
        # Envoy answered, the service was not asked.
        assert "x-request-id" not in answer.headers or answer.body["type"].endswith("/unauthorized")
    assert "Intruder" not in names(anyone, "Intruder")


def names(client: Shopper, words: str) -> list[str]:
    """Return the names of the products that a search finds; it forgives typing errors, so others may be among them."""
    answer = client.call("GET", f"/products?q={words}&limit=100")
    assert answer.status == 200, answer
    return [product["name"] for product in answer.body["items"]]


def test_customer_may_not_do_what_only_the_administrator_may(shopper: Shopper, anyone: Shopper, product: str) -> None:
    before = anyone.call("GET", f"/products/{product}").body
    stock = anyone.stock(product)

    assert shopper.call("POST", "/products", {"name": "Intruder", "price": 1}).status == 403
    assert shopper.call("PATCH", f"/products/{product}", {"price": 1}, If_Match="*").status == 403
    assert shopper.call("DELETE", f"/products/{product}").status == 403
    assert shopper.call("POST", f"/inventory/{product}", {"quantity": 9999}).status == 403
    assert shopper.call("GET", "/users").status == 403
    role = shopper.call("PATCH", "/users/me", {"role": "admin"})
    assert (role.status, [error["field"] for error in role.body["errors"]]) == (422, ["role"])

    assert anyone.call("GET", f"/products/{product}").body == before
    assert anyone.stock(product) == stock


def test_other_peoples_orders_are_not_to_be_found(anyone: Shopper, shopper: Shopper, product: str) -> None:
    order = shopper.order(product, 1).body
    stranger = anyone.register()

    assert stranger.call("GET", f"/orders/{order['id']}").status == 404
    assert stranger.pay(order["id"]).status == 404
    assert stranger.call("POST", f"/orders/{order['id']}/cancel").status == 404
    assert shopper.call("GET", f"/orders/{order['id']}").body == order


# What is sent, byte for byte, and the status that it must get. Each would reach an internal route, or the same
# resource under a name that a rule does not know, if some part read it differently from another.
TRICKS = {
    "/internal/v1/charges": 404,
    "//internal/v1/charges": 404,
    "/%69nternal/v1/charges": 404,
    "/api/v1/../../internal/v1/charges": 404,
    "/api/v1/%2e%2e/%2e%2e/internal/v1/charges": 404,
    "/api/v1/products/..;/..;/..;/internal/v1/charges": 404,
    "/api/v1/products/%2e%2e%2f%2e%2e%2finternal": 400,
    "/api/v1/orders%2f..%2f..%2finternal": 400,
    "/api/v1/products%00": 400,
}


@pytest.mark.parametrize(("path", "status"), TRICKS.items())
def test_path_tricks_reach_nothing(anyone: Shopper, path: str, status: int) -> None:
    assert raw(anyone.url, f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n") == status


@pytest.mark.parametrize(
    "head",
    [
        "POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "POST /orders HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\nContent-Length: 5\r\n",
        "GET /products HTTP/1.1\r\nHost: shop\r\nX-Split: a\x00b\r\n",
        "GET /products HTTP/1.1\r\nHost: shop\r\nX-Long: " + "a" * 100_000 + "\r\n",
        "GET /products HTTP/1.1\r\n",
    ],
)
def test_malformed_heads_are_refused(anyone: Shopper, head: str) -> None:
    assert raw(anyone.url, head + "\r\n0\r\n\r\n") in (400, 431)


def raw(url: str, request: str) -> int:
    """Send bytes as they are and return the status of the answer."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request.encode("latin-1"))
        line = connection.makefile("rb").readline().decode()
    return int(line.split()[1])


def test_too_large_and_too_deep_bodies_are_refused(admin: Shopper, anyone: Shopper) -> None:
    large = admin.call("POST", "/products", {"name": "Gargantua", "price": 1, "description": "x" * 2_000_000})
    assert large.status == 413
    deep = admin.call("POST", "/products", b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert deep.status == 400
    assert "Gargantua" not in names(anyone, "Gargantua")


def test_sql_and_headers_are_text(admin: Shopper, anyone: Shopper) -> None:
    name = "Robert'); DROP TABLE products;--\r\nSet-Cookie: x=1"
    made = admin.call("POST", "/products", {"name": name, "price": 100})
    assert made.status in (201, 422)
    found = anyone.call("GET", "/products?q=%27%20OR%201%3D1--&limit=5")
    assert (found.status, "set-cookie" in found.headers) == (200, False)
    assert anyone.call("GET", "/products?limit=1").status == 200


def test_client_that_asks_too_often_is_told_when_to_come_back(make_shop: Any, namespace: Kubectl) -> None:
    shop: Shop = make_shop("small")
    shop.apply(gateway={"rateLimit": {"requestsPerMinute": 60}})
    shop.wait_ready()
    with shop.gateway() as client:
        answers = [client.call("GET", "/products?limit=1") for _ in range(70)]
        # The bucket fills again while the test runs, so a few more than 60 may pass.
        assert [answer.status for answer in answers[:60]] == [200] * 60
        refused = next(answer for answer in answers if answer.status == 429)
        assert refused.headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert json.dumps(refused.body).count("429") == 1

        wrong = [
            client.call("POST", "/login", {"email": "a@example.com", "password": "wrong-password"}).status
            for _ in range(8)
        ]
        assert 429 in wrong
