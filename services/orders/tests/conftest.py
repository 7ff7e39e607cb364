"""Which service these tests are about, and the services it asks: real servers that behave as their contracts say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from orders.service import SERVICE
from shopkit.service import Service
from shopkit.testing.upstream import Answer, FakeUpstream, Received

LAMP = {"id": "0197f0a0-0000-7000-8000-000000000001", "name": "Lamp", "price": 1999, "currency": "EUR"}
CUP = {"id": "0197f0a0-0000-7000-8000-000000000002", "name": "Cup", "price": 250, "currency": "EUR"}
STOCK = 5
EXPIRES_AT = "2100-01-01T00:00:00Z"
Upstreams = dict[str, FakeUpstream]


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The service under test."""
    return SERVICE


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    """The other services."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(FakeUpstream()) for name in ("products", "inventory", "payments")}


@pytest.fixture(scope="module")
def extra_environ(upstreams: Upstreams) -> dict[str, str]:
    """Where the other services are."""
    return {f"{name.upper()}_URL": upstream.url for name, upstream in upstreams.items()}


@pytest.fixture
def products(upstreams: Upstreams) -> FakeUpstream:
    """A catalogue of two products."""
    upstream = upstreams["products"]
    upstream.reset()
    for product in (LAMP, CUP):
        upstream.answer("GET", f"/api/v1/products/{product['id']}", 200, {**product, "description": "", "new": 1})
    both = {"items": [LAMP, CUP], "next_cursor": None}
    upstream.answer("GET", f"/api/v1/products?ids={LAMP['id']},{CUP['id']}", 200, both)
    return upstream


@pytest.fixture
def inventory(upstreams: Upstreams) -> FakeUpstream:
    """An inventory that has five pieces of everything, for each order anew."""
    upstream = upstreams["inventory"]
    upstream.reset()

    def reserve(request: Received) -> Answer:
        order_id, lines = request.body["order_id"], request.body["lines"]
        for step, status in (("commit", "committed"), ("release", "released")):
            path = f"/internal/v1/reservations/{order_id}/{step}"
            upstream.answer("POST", path, 200, {"order_id": order_id, "status": status, "lines": lines})
        short = [
            {"product_id": line["product_id"], "requested": line["quantity"], "available": STOCK}
            for line in lines
            if line["quantity"] > STOCK
        ]
        if short:
            return 409, {"type": "https://shopkeeper.dev/problems/insufficient-stock", "errors": short}
        return 201, {"order_id": order_id, "status": "reserved", "expires_at": EXPIRES_AT, "lines": lines}

    upstream.respond("POST", "/internal/v1/reservations", reserve)
    return upstream


@pytest.fixture
def payments(upstreams: Upstreams) -> FakeUpstream:
    """A till that declines the declined card, and gives everything back."""
    upstream = upstreams["payments"]
    upstream.reset()

    def charge(request: Received) -> Answer:
        earlier = [known.body for known in upstream.received[:-1]]
        status = "declined" if request.body["payment_method"] == "pm_card_declined" else "captured"
        return (200 if request.body in earlier else 201), {"id": LAMP["id"], "status": status}

    upstream.respond("POST", "/internal/v1/charges", charge)
    upstream.answer("POST", "/internal/v1/refunds", 201, {"id": LAMP["id"], "status": "refunded"})
    return upstream
