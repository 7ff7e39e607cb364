"""The services around the storefront, and a browser, for tests without processes."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shopkit.ids import new_id
from shopkit.testing.upstream import FakeUpstream

KEY = "a-session-key-of-the-tests"
LAMP, CHAIR = new_id(), new_id()


def product(product_id: str, name: str = "Lamp", price: int = 4490, **changed: Any) -> dict[str, Any]:
    """A product as the service `products` shows it."""
    return {
        "id": product_id,
        "name": name,
        "description": "It shines.",
        "price": price,
        "currency": "EUR",
        "category": "lighting",
        "image_url": None,
        "sku": "L-1",
        "created_at": "2026-11-01T10:00:00Z",
        "updated_at": "2026-11-01T10:00:00Z",
        **changed,
    }


def order(order_id: str, status: str = "reserved", **changed: Any) -> dict[str, Any]:
    """An order of a lamp and two chairs, as the service `orders` shows it."""
    lines = [line(LAMP, "Lamp", 1, 4490), line(CHAIR, "Chair", 2, 8900)]
    return {
        "id": order_id,
        "user_id": new_id(),
        "status": status,
        "lines": lines,
        "total": sum(each["total"] for each in lines),
        "currency": "EUR",
        "expires_at": "2026-11-01T10:15:00Z" if status == "reserved" else None,
        "created_at": "2026-11-01T10:00:00Z",
        "updated_at": "2026-11-01T10:00:00Z",
        **changed,
    }


def line(product_id: str, name: str, quantity: int, price: int) -> dict[str, Any]:
    """A line of an order or a cart."""
    total = quantity * price
    return {"product_id": product_id, "name": name, "quantity": quantity, "unit_price": price, "total": total}


class Around:
    """The services that the storefront asks, with a small catalogue of a lamp and a chair."""

    def __init__(self) -> None:
        self.users, self.products, self.inventory, self.orders = (FakeUpstream() for _ in range(4))
        self.all = (self.users, self.products, self.inventory, self.orders)

        self._known = {LAMP: product(LAMP), CHAIR: product(CHAIR, "Chair", 8900, category="chairs")}

    def listed(self, *product_ids: str) -> tuple[int, Any]:
        """Return the answer that lists these products."""
        return 200, {"items": [self._known[key] for key in product_ids], "next_cursor": None}

    def reset(self) -> None:
        """Forget what was asked, and answer as a small shop does."""
        for fake in self.all:
            fake.reset()
        known = self._known
        for key, body in known.items():
            self.products.answer("GET", f"/api/v1/products/{key}", 200, body)
            self.inventory.answer("GET", f"/api/v1/inventory/{key}", 200, {"product_id": key, "available": 7})
        self.products.answer("GET", "/api/v1/categories", 200, {"items": [{"category": "chairs", "products": 1}]})
        for ids in (LAMP, CHAIR, f"{LAMP},{CHAIR}", f"{CHAIR},{LAMP}"):
            self.products.answer("GET", f"/api/v1/products?ids={ids}", *self.listed(*ids.split(",")))

    def cart(self, *lines: dict[str, Any]) -> None:
        """Give the account this cart, and let it be changed."""
        held = list(lines)
        self.orders.respond("GET", "/api/v1/cart", lambda _request: (200, _cart(held)))

        def put(request: Any) -> tuple[int, Any]:
            held[:] = [line(w["product_id"], "Thing", w["quantity"], 100) for w in request.body["lines"]]
            return 200, _cart(held)

        def clear(_request: Any) -> tuple[int, Any]:
            held.clear()
            return 204, None

        self.orders.respond("PUT", "/api/v1/cart", put)
        self.orders.respond("DELETE", "/api/v1/cart", clear)

    def session(self, refresh: str = "refresh-1", seconds: int = 900) -> None:
        """Let a shopper sign in."""
        body = {"access_token": "access-1", "token_type": "Bearer", "expires_in": seconds, "refresh_token": refresh}
        self.users.answer("POST", "/api/v1/login", 200, body)
        self.users.answer("POST", "/api/v1/logout", 204)


def _cart(lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"lines": lines, "total": sum(each["total"] for each in lines), "currency": "EUR", "updated_at": None}


class Browser:
    """A browser: it keeps cookies, sends forms with what a page has put into them, and follows no redirect."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.headers: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> TestResponse:
        """Open a page."""
        return self.client.get(path, headers={**self.headers, **headers})

    def post(self, path: str, page: str, **fields: str) -> TestResponse:
        """Send a form of a page, with its token."""
        data = {"csrf_token": self.token(page), **fields}
        return self.client.post(path, data=data, headers=self.headers)

    def token(self, page: str) -> str:
        """Return the token of the forms of a page."""
        return field_of(self.get(page).text, "csrf_token")

    def sign_in(self) -> None:
        """Sign in."""
        answer = self.post("/sign-in", "/sign-in", email="ann@example.com", password="correct horse")
        assert answer.status_code == 303, answer.text


def field_of(html: str, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None, html
    return found[1]
