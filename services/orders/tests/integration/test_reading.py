"""Reading orders."""

from __future__ import annotations

import pytest

from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens

pytestmark = pytest.mark.usefixtures("products", "inventory", "payments")

USER = "0197f0a0-0000-7000-8000-00000000000a"
LAMP = "0197f0a0-0000-7000-8000-000000000001"


def place(client: ContractClient, headers: dict[str, str], quantity: int = 1) -> str:
    body = {"lines": [{"product_id": LAMP, "quantity": quantity}]}
    placed = client.post("/api/v1/orders", json=body, headers=headers)
    assert placed.status_code == 201
    return str(body_of(placed)["id"])


def test_everyone_lists_their_own_orders_the_newest_first(client: ContractClient, tokens: Tokens) -> None:
    shopper, other = tokens.user(USER), tokens.user()
    mine = []
    for quantity in range(1, 6):
        mine.append(place(client, shopper, quantity))
        place(client, other)
    seen, cursor = [], ""
    for size in (2, 2, 1):
        page = body_of(client.get(f"/api/v1/orders?limit=2{cursor}", headers=shopper))
        assert len(page["items"]) == size
        seen += page["items"]
        cursor = f"&cursor={page['next_cursor']}"
    assert cursor == "&cursor=None"
    assert [order["id"] for order in seen] == mine[::-1]
    assert [order["lines"][0]["quantity"] for order in seen] == [5, 4, 3, 2, 1]
    assert client.get("/api/v1/orders", headers=tokens.admin()).json == {"items": [], "next_cursor": None}


def test_an_order_is_for_its_owner_and_administrators(client: ContractClient, tokens: Tokens) -> None:
    shopper = tokens.user(USER)
    order_id = place(client, shopper)
    path = f"/api/v1/orders/{order_id}"
    own = client.get(path, headers=shopper)
    assert (own.status_code, body_of(own)["id"]) == (200, order_id)
    assert client.get(path, headers=tokens.admin()).json == own.json
    stranger = client.get(path, headers=tokens.user())
    nothing = client.get(f"/api/v1/orders/{new_id()}", headers=shopper)
    assert (stranger.status_code, nothing.status_code) == (404, 404)
    assert body_of(stranger)["type"] == body_of(nothing)["type"] == "https://shopkeeper.dev/problems/not-found"


@pytest.mark.parametrize("path", ["/api/v1/orders", f"/api/v1/orders/{LAMP}"])
def test_orders_are_not_public(client: ContractClient, path: str) -> None:
    assert client.get(path).status_code == 401
