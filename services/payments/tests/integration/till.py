"""What the tests of the payments do again and again, through the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens


def order(**changed: Any) -> dict[str, Any]:
    """Return the request for a new order."""
    return {
        "order_id": new_id(),
        "user_id": new_id(),
        "amount": 1999,
        "currency": "EUR",
        "payment_method": "pm_card_approved",
        **changed,
    }


@dataclass(frozen=True)
class Till:
    """The payments as the service `orders`; each thread needs one of its own."""

    client: ContractClient
    tokens: Tokens

    def charge(self, body: dict[str, Any]) -> TestResponse:
        """Ask to charge."""
        return self.client.post("/internal/v1/charges", json=body, headers=self.tokens.internal())

    def refund(self, order_id: str, amount: object = None) -> TestResponse:
        """Ask to refund."""
        body = {"order_id": order_id} if amount is None else {"order_id": order_id, "amount": amount}
        return self.client.post("/internal/v1/refunds", json=body, headers=self.tokens.internal())

    def get(self, payment_id: str, headers: dict[str, str]) -> TestResponse:
        """Ask for a payment."""
        return self.client.get(f"/api/v1/payments/{payment_id}", headers=headers)


def slug_of(response: TestResponse) -> str:
    """Return the last part of a problem's type."""
    return str(body_of(response)["type"]).rpartition("/")[2]
