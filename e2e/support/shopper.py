"""A shopper's client: HTTP through the gateway."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import urllib3

APPROVED = "pm_card_approved"
DECLINED = "pm_card_declined"


@dataclass(frozen=True)
class Answer:
    """An HTTP response with its JSON body."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shopper:
    """One client of one shop.

    Attributes:
        url: The gateway, without a path.
        token: The access token, empty for an anonymous client.
    """

    url: str
    token: str = ""
    pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(timeout=15, retries=False), repr=False
    )

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send one request and return the answer, whatever its status."""
        sent = {
            "Accept": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        data: bytes | None = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        response = self.pool.request(method, self.url + path, body=data, headers=sent)
        parsed = json.loads(response.data) if response.data else None
        return Answer(response.status, parsed, {k.lower(): v for k, v in response.headers.items()})

    def login(self, email: str, password: str) -> "Shopper":
        """Return this shopper, logged in."""
        answer = self.call("POST", "/login", {"email": email, "password": password})
        assert answer.status == 200, answer
        return Shopper(self.url, answer.body["access_token"], self.pool)

    def register(self) -> "Shopper":
        """Return a new, logged-in customer."""
        email, password = f"shopper-{uuid.uuid4().hex[:12]}@example.com", uuid.uuid4().hex
        answer = self.call("POST", "/register", {"email": email, "password": password, "name": "Sam Shopper"})
        assert answer.status == 201, answer
        return self.login(email, password)

    def order(self, product_id: str, quantity: int) -> Answer:
        """Order some pieces of one product."""
        return self.call("POST", "/orders", {"lines": [{"product_id": product_id, "quantity": quantity}]})

    def pay(self, order_id: str, payment_method: str = APPROVED) -> Answer:
        """Pay an order."""
        return self.call("POST", f"/orders/{order_id}/pay", {"payment_method": payment_method})

    def stock(self, product_id: str) -> Any:
        """Return what the inventory says of a product."""
        answer = self.call("GET", f"/inventory/{product_id}")
        assert answer.status == 200, answer
        return answer.body

    def offer(self, name: str, price: int, stock: int) -> str:
        """As an admin: put a product with stock on sale and return its id."""
        product = self.call("POST", "/products", {"name": name, "price": price})
        assert product.status == 201, product
        product_id: str = product.body["id"]
        set_stock = self.call("POST", f"/inventory/{product_id}", {"quantity": stock})
        assert set_stock.status == 200, set_stock
        return product_id
