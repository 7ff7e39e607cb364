"""The shopper's account and orders."""

from __future__ import annotations

from typing import Any

import pytest

from shopkit.ids import new_id
from tests.shop_around import Around, Browser, order

ME = "/api/v1/users/me"
ORDERS = "/api/v1/orders"


@pytest.fixture
def owner(shopper: Browser, around: Around) -> Browser:
    """A shopper whose account can be read."""
    body = {"id": new_id(), "email": "ann@example.com", "name": "Ann <3", "role": "customer"}
    around.users.answer("GET", ME, 200, {**body, "created_at": "2026-11-01T10:00:00Z"})
    return shopper


def test_the_account_is_shown_to_its_owner_only(owner: Browser) -> None:
    page = owner.get("/account")
    assert "Hello, Ann &lt;3." in page.text
    assert "1 November 2026" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_the_name_is_changed(owner: Browser, around: Around) -> None:
    around.users.answer("PATCH", ME, 200, {})
    assert owner.post("/account/name", "/account", name=" Bea ").headers["Location"] == "/account"
    assert (around.users.received[-1].method, around.users.received[-1].body) == ("PATCH", {"name": "Bea"})
    assert "Your name is changed." in owner.get("/account").text
    page = owner.post("/account/name", "/account", name=" ")
    assert (page.status_code, '<a href="#name">Enter your name.</a>' in page.text) == (422, True)


def test_a_changed_password_begins_a_new_session(owner: Browser, around: Around) -> None:
    around.users.answer("PATCH", ME, 200, {})
    around.session(refresh="refresh-2")
    answer = owner.post("/account/password", "/account", old_password="old one", password="new and long")
    assert answer.headers["Location"] == "/account"
    change, login = around.users.received[-2:]
    assert change.body == {"old_password": "old one", "password": "new and long"}
    assert login.body == {"email": "ann@example.com", "password": "new and long"}


def test_a_wrong_old_password_is_told(owner: Browser, around: Around) -> None:
    around.users.answer("PATCH", ME, 403, {"type": "wrong-password"})
    page = owner.post("/account/password", "/account", old_password="wrong", password="new and long")
    assert '<a href="#old_password">This is not your present password.</a>' in page.text
    assert "new and long" not in page.text


def test_an_account_is_deleted_only_by_who_is_sure(owner: Browser, around: Around) -> None:
    around.users.answer("DELETE", ME, 204)
    page = owner.post("/account/delete", "/account/delete")
    assert (page.status_code, '<a href="#sure">' in page.text) == (422, True)
    assert around.users.received[-1].method != "DELETE"
    answer = owner.post("/account/delete", "/account/delete", sure="yes")
    assert (answer.headers["Location"], around.users.received[-1].method) == ("/", "DELETE")
    assert owner.client.get_cookie("account") is None


def test_an_account_that_is_gone_leads_to_the_sign_in(owner: Browser, around: Around) -> None:
    around.users.answer("GET", ME, 401, {})
    assert owner.get("/account").headers["Location"] == "/sign-in?next=/account"
    assert owner.client.get_cookie("account") is None


def test_orders_are_listed_page_by_page(owner: Browser, around: Around) -> None:
    first, second = order(new_id(), "confirmed"), order(new_id(), "payment_failed")
    around.orders.answer("GET", f"{ORDERS}?limit=10", 200, {"items": [first], "next_cursor": "next_1"})
    around.orders.answer("GET", f"{ORDERS}?limit=10&cursor=next_1", 200, {"items": [second], "next_cursor": None})
    page = owner.get("/account/orders").text
    assert '<p class="badge good">Confirmed</p>' in page
    assert "3 items: Lamp and 1 more" in page
    assert 'href="/account/orders?after=next_1"' in page
    page = owner.get("/account/orders?after=next_1").text
    assert "Payment declined" in page
    assert "after=" not in page
    around.orders.answer("GET", f"{ORDERS}?limit=10&cursor=strange", 422, {"type": "validation"})
    for cursor in ("a%20b", "strange"):
        assert owner.get(f"/account/orders?after={cursor}").status_code == 404


@pytest.mark.parametrize(("status", "pay", "cancel"), [("reserved", 1, 1), ("confirmed", 0, 1), ("expired", 0, 0)])
def test_an_order_offers_what_can_be_done(owner: Browser, around: Around, status: str, pay: int, cancel: int) -> None:
    order_id = new_id()
    around.orders.answer("GET", f"{ORDERS}/{order_id}", 200, order(order_id, status))
    page = owner.get(f"/account/orders/{order_id}").text
    assert (page.count("Pay this order"), page.count("Cancel this order")) == (pay, cancel)
    asked = owner.get(f"/account/orders/{order_id}/cancel")
    assert asked.status_code == (200 if cancel else 303)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, {"status": "cancelled"}, "The order is cancelled."),
        (200, {"status": "cancelling"}, "The order is being cancelled."),
        (409, {"type": "order-not-cancellable"}, "This order cannot be cancelled any more, or not at this moment."),
    ],
)
def test_an_order_is_cancelled_or_not(
    owner: Browser, around: Around, status: int, body: dict[str, Any], said: str
) -> None:
    order_id = new_id()
    path = f"{ORDERS}/{order_id}"
    around.orders.answer("GET", path, 200, order(order_id, "confirmed"))
    around.orders.answer("POST", f"{path}/cancel", status, {**order(order_id), **body})
    answer = owner.post(f"/account/orders/{order_id}/cancel", f"/account/orders/{order_id}/cancel")
    assert answer.headers["Location"] == f"/account/orders/{order_id}"
    assert said in owner.get(f"/account/orders/{order_id}").text


def test_an_order_of_somebody_else_is_not_there(owner: Browser) -> None:
    assert owner.get(f"/account/orders/{new_id()}").status_code == 404
