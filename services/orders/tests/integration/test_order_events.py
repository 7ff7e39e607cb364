"""What is in the outbox after an order has ended, on a real PostgreSQL."""

from __future__ import annotations

import pytest

from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.messaging import Published
from shopkit.testing.postgres import Templates, admin
from shopkit.testing.tokens import Tokens
from tests.integration.stuck import APPROVED, LAMP, USER, place, put, states

pytestmark = pytest.mark.usefixtures("products", "inventory", "payments")


def pay(client: ContractClient, order_id: str, headers: dict[str, str], method: str = APPROVED) -> int:
    return client.post(f"/api/v1/orders/{order_id}/pay", json={"payment_method": method}, headers=headers).status_code


def test_a_confirmed_order_is_told_once(client: ContractClient, tokens: Tokens, published: Published) -> None:
    headers = tokens.user(USER)
    order_id = place(client, headers)
    assert published.keys() == []
    assert [pay(client, order_id, headers) for _ in range(3)] == [200, 200, 200]
    assert published.of("order.confirmed") == [
        {
            "order_id": order_id,
            "user_id": USER,
            "currency": "EUR",
            "total": 3998,
            "lines": [{"product_id": LAMP, "name": "Lamp", "quantity": 2, "unit_price": 1999, "total": 3998}],
        }
    ]
    [message] = published.messages()
    assert (message["subject"], message["source"]) == (order_id, "/shops/test/orders")


def test_each_end_is_told(client: ContractClient, tokens: Tokens, published: Published, database: Database) -> None:
    headers = tokens.user(USER)
    assert pay(client, place(client, headers), headers, "pm_card_declined") == 402
    cancelled = place(client, headers)
    assert client.post(f"/api/v1/orders/{cancelled}/cancel", headers=headers).status_code == 200
    refunded = place(client, headers)
    pay(client, refunded, headers)
    assert client.post(f"/api/v1/orders/{refunded}/cancel", headers=headers).status_code == 200
    expired = place(client, headers)
    database.execute("UPDATE orders SET expires_at = now() WHERE id = %s", (expired,))
    assert pay(client, expired, headers) == 409
    assert published.keys() == [
        "order.payment_failed",
        "order.cancelled",
        "order.confirmed",
        "order.cancelled",
        "order.expired",
    ]
    assert [(data["order_id"], data["refunded"]) for data in published.of("order.cancelled")] == [
        (cancelled, False),
        (refunded, True),
    ]


def test_a_rejected_order_is_not_told(client: ContractClient, tokens: Tokens, published: Published) -> None:
    body = {"lines": [{"product_id": LAMP, "quantity": 6}]}
    assert client.post("/api/v1/orders", json=body, headers=tokens.user(USER)).status_code == 409
    assert published.keys() == []


def test_an_event_that_cannot_be_written_keeps_the_order_where_it_is(
    client: ContractClient, tokens: Tokens, app: ServiceApp, database: Database, database_templates: Templates
) -> None:
    headers = tokens.user(USER)
    order_id = place(client, headers)
    put(database, order_id, "captured")
    owner = database_templates.owner_url(app.runtime.settings.database_url, "orders")
    with admin(owner) as opened, opened.cursor() as cursor:
        cursor.execute("ALTER TABLE outbox ADD CONSTRAINT closed CHECK (false)")
        try:
            assert pay(client, order_id, headers) == 500
            assert states(database) == {order_id: "captured"}
        finally:
            cursor.execute("ALTER TABLE outbox DROP CONSTRAINT closed")
    assert pay(client, order_id, headers) == 200


def test_an_order_of_a_later_release_is_left_to_it(
    client: ContractClient, tokens: Tokens, app: ServiceApp, database: Database, database_templates: Templates
) -> None:
    headers = tokens.user(USER)
    order_id = place(client, headers)
    owner = database_templates.owner_url(app.runtime.settings.database_url, "orders")
    with admin(owner) as opened, opened.cursor() as cursor:
        cursor.execute("ALTER TABLE orders DROP CONSTRAINT orders_state_check")
    put(database, order_id, "awaiting_parcel")
    path = f"/api/v1/orders/{order_id}"
    shown = client.get(path, headers=headers)
    assert (shown.status_code, body_of(shown)["status"]) == (200, "processing")
    assert [item["status"] for item in body_of(client.get("/api/v1/orders", headers=headers))["items"]] == [
        "processing"
    ]
    for response in (
        client.post(f"{path}/pay", json={"payment_method": APPROVED}, headers=headers),
        client.post(f"{path}/cancel", headers=headers),
    ):
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert states(database) == {order_id: "awaiting_parcel"}
