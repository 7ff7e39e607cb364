"""A shopper's way through the shop, from the gateway to the databases."""

import uuid

import pytest

from e2e.support.shop import Shop
from e2e.support.shopper import DECLINED, Shopper

pytestmark = pytest.mark.e2e


@pytest.fixture
def product(admin: Shopper) -> str:
    return admin.offer("Teapot", price=1999, stock=5)


def test_paid_order_is_confirmed_and_takes_the_stock_once(shop: Shop, shopper: Shopper, product: str) -> None:
    placed = shopper.order(product, 2)
    assert placed.status == 201, placed
    assert placed.body["status"] == "reserved"
    order_id = placed.body["id"]

    paid = shopper.pay(order_id)
    again = shopper.pay(order_id)

    assert (paid.status, paid.body["status"]) == (200, "confirmed")
    assert again.body == paid.body
    assert paid.body["total"] == 2 * 1999
    assert paid.body["lines"] == [
        {"product_id": product, "name": "Teapot", "quantity": 2, "unit_price": 1999, "total": 3998}
    ]
    stock = shopper.stock(product)
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (3, 0, 3)
    payments = shop.sql("payments", f"SELECT status, amount FROM charges WHERE order_id = '{order_id}'")
    assert payments == "captured|3998"


def test_order_beyond_the_stock_is_refused_with_what_is_left(shopper: Shopper, product: str) -> None:
    refused = shopper.order(product, 9)

    assert refused.status == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.body["type"] == "https://shopkeeper.dev/problems/insufficient-stock"
    assert [(e["product_id"], e["requested"], e["available"]) for e in refused.body["errors"]] == [(product, 9, 5)]
    assert shopper.stock(product)["available"] == 5


def test_declined_card_leaves_the_stock_and_fails_the_order(shopper: Shopper, product: str) -> None:
    order_id = shopper.order(product, 2).body["id"]
    assert shopper.stock(product)["available"] == 3

    declined = shopper.pay(order_id, DECLINED)

    assert declined.status == 402
    assert declined.body["type"] == "https://shopkeeper.dev/problems/payment-declined"
    assert shopper.call("GET", f"/orders/{order_id}").body["status"] == "payment_failed"
    stock = shopper.stock(product)
    assert (stock["on_hand"], stock["reserved"]) == (5, 0)
    assert shopper.pay(order_id).status == 409


def test_without_a_token_there_is_no_order(anyone: Shopper, product: str) -> None:
    refused = anyone.order(product, 1)

    assert refused.status == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert anyone.stock(product)["available"] == 5


def test_stranger_does_not_find_the_order(anyone: Shopper, shopper: Shopper, product: str) -> None:
    order_id = shopper.order(product, 1).body["id"]
    stranger = anyone.register()

    assert stranger.call("GET", f"/orders/{order_id}").status == 404
    assert stranger.pay(order_id).status == 404
    assert shopper.call("GET", f"/orders/{order_id}").body["status"] == "reserved"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lines": [{"product_id": "PRODUCT", "quantity": 0}]}, "lines[0].quantity"),
        ({"lines": [{"product_id": "not-an-id", "quantity": 1}]}, "lines[0].product_id"),
        ({"lines": []}, "lines"),
        ({"lines": [{"product_id": "PRODUCT", "quantity": 1}], "discount": 100}, "discount"),
    ],
)
def test_broken_body_is_refused_naming_the_field(
    shopper: Shopper, product: str, body: dict[str, list[dict[str, object]]], field: str
) -> None:
    for line in body["lines"]:
        if line["product_id"] == "PRODUCT":
            line["product_id"] = product

    refused = shopper.call("POST", "/orders", body)

    assert refused.status == 422
    assert [error["field"] for error in refused.body["errors"]] == [field]


def test_order_of_an_unknown_product_is_refused(shopper: Shopper) -> None:
    refused = shopper.order(str(uuid.uuid4()), 1)

    assert refused.status == 422
    assert [error["field"] for error in refused.body["errors"]] == ["lines[0].product_id"]


def test_same_idempotency_key_makes_one_order(shop: Shop, shopper: Shopper, product: str) -> None:
    body = {"lines": [{"product_id": product, "quantity": 1}]}
    key = uuid.uuid4().hex

    first = shopper.call("POST", "/orders", body, Idempotency_Key=key)
    second = shopper.call("POST", "/orders", body, Idempotency_Key=key)

    assert first.status == 201
    assert second.body == first.body
    assert shopper.stock(product)["reserved"] == 1


def test_customer_may_not_change_the_catalogue(shopper: Shopper, product: str) -> None:
    assert shopper.call("POST", "/products", {"name": "Cup", "price": 1}).status == 403
    assert shopper.call("POST", f"/inventory/{product}", {"quantity": 100}).status == 403
    assert shopper.call("DELETE", f"/products/{product}").status == 403
    assert shopper.stock(product)["on_hand"] == 5


@pytest.mark.parametrize(
    "path",
    [
        "/internal/v1/charges",
        "//internal/v1/charges",
        "/api/../internal/v1/charges",
        "/%69nternal/v1/charges",
        "/api/v1/nowhere",
    ],
)
def test_gateway_hides_what_is_not_public(anyone: Shopper, path: str) -> None:
    refused = anyone.call("POST", path, {})

    assert refused.status == 404
    assert refused.headers["content-type"] == "application/problem+json"
