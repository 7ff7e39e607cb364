"""What shoppers and the administrator do beside ordering, through the gateway."""

import uuid
from pathlib import Path

import pytest

from e2e.support.shop import Shop
from e2e.support.shopper import Shopper

pytestmark = pytest.mark.e2e

CATALOGUE = Path(__file__).parents[2] / "docs" / "examples" / "catalogue" / "products.csv"


def test_sample_catalogue_is_imported_once(admin: Shopper, anyone: Shopper) -> None:
    lines = CATALOGUE.read_bytes()

    first = admin.call("POST", "/products/import", lines, Content_Type="text/csv")
    again = admin.call("POST", "/products/import", lines, Content_Type="text/csv")

    assert (first.status, first.body["created"], first.body["failed"]) == (200, 216, 0)
    assert (again.body["created"], again.body["updated"], again.body["unchanged"]) == (0, 0, 216)
    categories = anyone.call("GET", "/api/v1/categories").body["items"]
    assert sum(category["products"] for category in categories) == 216


def test_unchanged_product_is_not_sent_again(admin: Shopper, anyone: Shopper) -> None:
    product = admin.offer("Kettle", price=3900, stock=1)
    etag = anyone.call("GET", f"/products/{product}").headers["etag"]

    assert anyone.call("GET", f"/products/{product}", If_None_Match=etag).status == 304
    changed = admin.call("PATCH", f"/products/{product}", {"price": 4100}, If_Match=etag)
    assert (changed.status, changed.body["price"]) == (200, 4100)
    assert admin.call("PATCH", f"/products/{product}", {"price": 1}, If_Match=etag).status == 412
    assert anyone.call("GET", f"/products/{product}").body["price"] == 4100


def test_refresh_token_works_once_and_its_theft_ends_the_session(anyone: Shopper) -> None:
    email, password = f"ann-{uuid.uuid4().hex[:8]}@example.com", uuid.uuid4().hex
    anyone.call("POST", "/register", {"email": email, "password": password, "name": "Ann"})
    token = anyone.call("POST", "/login", {"email": email, "password": password}).body["refresh_token"]

    fresh = anyone.call("POST", "/api/v1/token/refresh", {"refresh_token": token})
    assert fresh.status == 200
    assert Shopper(anyone.url, fresh.body["access_token"], anyone.pool).call("GET", "/users/me").body["email"] == email

    assert anyone.call("POST", "/api/v1/token/refresh", {"refresh_token": token}).status == 401
    after_theft = anyone.call("POST", "/api/v1/token/refresh", {"refresh_token": fresh.body["refresh_token"]})
    assert after_theft.status == 401


def test_cancelled_order_gives_back_stock_or_money(shop: Shop, admin: Shopper, shopper: Shopper) -> None:
    product = admin.offer("Lamp", price=2500, stock=4)
    reserved = shopper.order(product, 1).body["id"]
    paid = shopper.order(product, 2).body["id"]
    assert shopper.pay(paid).body["status"] == "confirmed"

    for order in (reserved, paid):
        cancelled = shopper.call("POST", f"/orders/{order}/cancel")
        assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")

    stock = shopper.stock(product)
    assert (stock["on_hand"], stock["reserved"]) == (2, 0)
    assert shop.sql("payments", f"SELECT amount FROM refunds WHERE order_id = '{paid}'") == "5000"
    assert shop.sql("payments", f"SELECT count(*) FROM charges WHERE order_id = '{reserved}'") == "0"


def test_cart_is_the_shoppers_own(admin: Shopper, shopper: Shopper, anyone: Shopper) -> None:
    product = admin.offer("Mug", price=900, stock=9)

    put = shopper.call("PUT", "/api/v1/cart", {"lines": [{"product_id": product, "quantity": 3}]})

    assert (put.status, put.body["total"]) == (200, 2700)
    assert anyone.register().call("GET", "/api/v1/cart").body["lines"] == []
    assert shopper.call("DELETE", "/api/v1/cart").status == 204
    assert shopper.call("GET", "/api/v1/cart").body["lines"] == []
