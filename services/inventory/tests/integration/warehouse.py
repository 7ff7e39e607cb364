"""What the tests of the inventory do again and again, through the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens

UNKNOWN = None


@dataclass(frozen=True)
class Warehouse:
    """The inventory as an administrator and as the service `orders`; each thread needs one of its own."""

    client: ContractClient
    tokens: Tokens

    def product(self, on_hand: int) -> str:
        """Make a product with this many pieces and return its id."""
        product_id = new_id()
        assert self.set_stock(product_id, on_hand).status_code == 200
        return product_id

    def set_stock(self, product_id: str, quantity: object) -> TestResponse:
        """Ask to set the pieces on hand."""
        path = f"/api/v1/inventory/{product_id}"
        return self.client.post(path, json={"quantity": quantity}, headers=self.tokens.admin())

    def delete(self, product_id: str) -> TestResponse:
        """Ask to forget a product."""
        return self.client.delete(f"/api/v1/inventory/{product_id}", headers=self.tokens.admin())

    def stock(self, product_id: str) -> tuple[int, int, int] | None:
        """Return on_hand, reserved and available; UNKNOWN for a product that the inventory does not know."""
        response = self.client.get(f"/api/v1/inventory/{product_id}")
        if response.status_code == 404:
            return UNKNOWN
        body = body_of(response)
        return body["on_hand"], body["reserved"], body["available"]

    def movements(self, product_id: str) -> list[tuple[str, int, str | None]]:
        """Return reason, delta and order of each movement of a product, the newest first."""
        response = self.client.get(f"/api/v1/inventory/{product_id}/movements", headers=self.tokens.admin())
        assert response.status_code == 200, response.text
        return [(item["reason"], item["delta"], item["order_id"]) for item in body_of(response)["items"]]

    def reserve(self, order_id: str, *lines: tuple[str, Any]) -> TestResponse:
        """Ask to reserve lines of product and quantity."""
        body = {"order_id": order_id, "lines": [{"product_id": p, "quantity": q} for p, q in lines]}
        return self.client.post("/internal/v1/reservations", json=body, headers=self.tokens.internal())

    def reserved(self, *lines: tuple[str, int]) -> str:
        """Reserve for a new order and return its id."""
        order_id = new_id()
        response = self.reserve(order_id, *lines)
        assert response.status_code == 201, response.text
        return order_id

    def settle(self, order_id: str, action: str) -> TestResponse:
        """Ask to `commit` or to `release`."""
        return self.client.post(f"/internal/v1/reservations/{order_id}/{action}", headers=self.tokens.internal())


def slug_of(response: TestResponse) -> str:
    """Return the last part of a problem's type."""
    return str(body_of(response)["type"]).rpartition("/")[2]
