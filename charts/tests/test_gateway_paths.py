"""Paths and requests that try to be read in two ways: refused by the gateway, and no service sees them."""

import re
from collections.abc import Iterator

import pytest

from charts.tests.envoy import Gateway, running_gateway
from charts.tests.helm import Helm


@pytest.fixture(scope="module")
def gateway(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Return a running gateway in front of stubs."""
    with running_gateway(helm, {}, tmp_path_factory.mktemp("envoy")) as running:
        yield running


def status_of(answer: bytes) -> int:
    """Return the status of a raw answer."""
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    assert found, answer
    return int(found.group(1))


TRICKS = {
    "//internal/v1/charges": 404,
    "/products/..//internal/v1/charges": 404,
    "/products/../internal/v1/charges": 404,
    "/./internal/v1/charges": 404,
    "/%2e%2e/internal/v1/charges": 404,
    "/products/%2E%2E/internal/v1/charges": 404,
    "/%69nternal/v1/charges": 404,
    "/%69%6e%74%65%72%6e%61%6c/v1/charges": 404,
    "/api/v1/..%2finternal/v1/charges": 400,
    "/products%2f..%2f..%2finternal/v1/charges": 400,
    "/products/..%5cinternal/v1/charges": 400,
    "/products/%5c1": 400,
    "/products/..;/internal/v1/charges": 404,
    "/products/..%3b/internal/v1/charges": 400,
    "/products/..;a=b/../internal": 404,
    "/products/1;..": 400,
    "/products/%2": 400,
    "/products/%": 400,
    "/internal;x/v1/charges": 400,
    "/products/%252e%252e/internal": 400,
    "/%25%36%39nternal": 400,
    "/products/%00": 400,
    "/products/1%0d%0aX-Injected:%201": 400,
    "/products/%7f": 400,
    "/products#/../internal": 400,
    "/products/%zz": 400,
}


@pytest.mark.parametrize(("path", "status"), TRICKS.items(), ids=TRICKS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_tricks_with_paths(gateway: Gateway, method: str, path: str, status: int) -> None:
    before = gateway.asked()
    assert gateway.call(method, path).status == status
    assert gateway.asked() == before


GET = b"GET /products HTTP/1.1\r\n"
POST = b"POST /register HTTP/1.1\r\n"
SMUGGLED = b"GET /internal/v1/charges HTTP/1.1\r\nHost: shop\r\n\r\n"


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (GET + b"Host: shop\r\nHost: other\r\nConnection: close\r\n\r\n", 400),
        (GET + b"\r\n", 400),
        (GET + b"Host: shop\r\nX_Request_Id: 1\r\n\r\n", 400),
        (GET + b"Host: shop\r\nX-Name : 1\r\n\r\n", 400),
        (GET + b"Host: shop\r\nX-Name: a\0b\r\n\r\n", 400),
        (b"GET http://shop/internal/v1/charges HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n", 404),
        (b"GET http://other/internal/v1/charges HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n", 404),
        (b"GET /products HTTP/1.0\r\n\r\n", 426),
        (b"GET products HTTP/1.1\r\nHost: shop\r\n\r\n", 400),
        (b"CONNECT shop:443 HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n", 403),
        (POST + b"Host: shop\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
        (POST + b"Host: shop\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
        (POST + b"Host: shop\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
        (POST + b"Host: shop\r\nContent-Length: -1\r\n\r\n", 400),
        (POST + b"Host: shop\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + SMUGGLED, 400),
    ],
)
def test_requests_that_can_be_read_in_two_ways(gateway: Gateway, request_text: bytes, status: int) -> None:
    before = gateway.asked()
    answer = gateway.raw(request_text)
    assert status_of(answer) == status
    # One answer, and the connection is closed: nothing behind it was taken for a second request.
    assert answer.count(b"HTTP/1.1 ") == 1
    assert gateway.asked() == before


def test_an_absolute_address_is_a_path_like_another(gateway: Gateway) -> None:
    answer = gateway.raw(b"GET http://shop/products HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")
    assert status_of(answer) == 200
    assert b'"service": "products"' in answer
