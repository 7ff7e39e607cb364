"""The basket: in the cookie while signed out, in the account's cart when signed in."""

from __future__ import annotations

from typing import Any

from shopkit.app import ServiceApp
from shopkit.ids import new_id
from tests.shop_around import CHAIR, LAMP, Around, Browser, line, product

PAGE = f"/p/{LAMP}"


def put(browser: Browser, product_id: str, quantity: int = 1) -> Any:
    """Put a product into the basket."""
    return browser.post("/basket/add", f"/p/{product_id}", product=product_id, quantity=str(quantity))


def test_what_is_put_in_is_in_it(browser: Browser, around: Around) -> None:
    answer = put(browser, LAMP, 2)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/basket")
    page = browser.get("/basket")
    assert "Lamp is in your basket, 2 times." in page.text
    assert "€89.80" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "is in your basket" not in browser.get("/basket").text
    assert around.orders.received == []


def test_quantities_change_and_products_leave(browser: Browser, around: Around) -> None:
    put(browser, LAMP)
    put(browser, CHAIR)
    browser.post("/basket/update", "/basket", **{f"q-{LAMP}": "3", f"q-{CHAIR}": "2", f"q-{new_id()}": "9"})
    assert "€312.70" in browser.get("/basket").text
    browser.post("/basket/update", "/basket", **{f"q-{LAMP}": "many", f"q-{CHAIR}": "0"})
    page = browser.get("/basket").text
    assert "Enter quantities as whole numbers." in page
    assert "€134.70" in page
    browser.post("/basket/remove", "/basket", product=LAMP)
    assert "There is nothing in it yet." in browser.get("/basket").text


def test_nonsense_is_refused(browser: Browser, around: Around) -> None:
    for fields in ({"product": "x"}, {"product": LAMP, "quantity": "0"}, {"product": LAMP, "quantity": "-1"}, {}):
        assert browser.post("/basket/add", PAGE, **fields).status_code == 400
    assert browser.post("/basket/add", PAGE, product=new_id()).status_code == 404


def test_a_form_of_somebody_else_changes_nothing(browser: Browser, around: Around) -> None:
    fields = {"product": LAMP, "quantity": "1"}
    assert browser.client.post("/basket/add", data=fields).status_code == 400
    stolen = Browser(browser.client.application.test_client()).token(PAGE)
    browser.get(PAGE)
    page = browser.client.post("/basket/add", data={**fields, "csrf_token": stolen})
    assert page.status_code == 400
    assert "This page was open for too long" in page.text
    assert "There is nothing in it yet." in browser.get("/basket").text


def test_a_full_basket_fits_into_the_cookie(browser: Browser, around: Around) -> None:
    ids = [new_id() for _ in range(51)]
    for product_id in ids:
        around.products.answer("GET", f"/api/v1/products/{product_id}", 200, product(product_id, "Thing"))
    token = browser.token(f"/p/{LAMP}")
    for product_id in ids:
        data = {"csrf_token": token, "product": product_id, "quantity": "99"}
        answer = browser.client.post("/basket/add", data=data)
        assert answer.status_code == 303
        assert len(answer.headers.get("Set-Cookie", "")) < 4096
    around.products.answer("GET", f"/api/v1/products?ids={','.join(ids[:50])}", 200, {"items": [], "next_cursor": None})
    assert "Your basket is full." in browser.get("/basket").text


def test_what_is_no_longer_sold_leaves_the_basket(browser: Browser, around: Around) -> None:
    put(browser, LAMP)
    around.products.answer("GET", f"/api/v1/products?ids={LAMP}", 200, {"items": [], "next_cursor": None})
    browser.get("/basket")
    page = browser.get("/basket").text
    assert "There is nothing in it yet." in page


def test_at_the_sign_in_both_baskets_become_one(browser: Browser, around: Around) -> None:
    around.session()
    around.cart(line(LAMP, "Lamp", 1, 4490))
    put(browser, LAMP, 3)
    put(browser, CHAIR)
    browser.sign_in()
    sent = [request for request in around.orders.received if request.method == "PUT"]
    assert [request.body for request in sent] == [
        {"lines": [{"product_id": LAMP, "quantity": 3}, {"product_id": CHAIR, "quantity": 1}]}
    ]
    assert sent[0].headers["Authorization"] == "Bearer access-1"
    assert '<span class="quiet">, </span>4<span' in browser.get("/basket").text
    assert len([request for request in around.orders.received if request.method == "PUT"]) == 1


def test_a_basket_waits_in_the_cookie_until_the_cart_has_it(browser: Browser, around: Around) -> None:
    around.session()
    put(browser, LAMP, 2)
    around.orders.answer("GET", "/api/v1/cart", 503, {})
    browser.sign_in()
    page = browser.get("/basket")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    around.cart()
    assert "€89.80" in browser.get("/basket").text
    around.orders.received.clear()
    browser.get("/basket")
    assert [request.method for request in around.orders.received] == ["GET"]


def test_a_form_that_fails_leads_back_to_its_page(shopper: Browser, around: Around) -> None:
    around.orders.answer("PUT", "/api/v1/cart", 503, {})
    page = put(shopper, LAMP)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    assert 'href="/basket">Try again</a>' in page.text


def test_a_cart_refuses_what_does_not_exist_and_takes_the_rest(browser: Browser, around: Around) -> None:
    around.session()
    put(browser, LAMP)
    put(browser, CHAIR)
    around.cart()

    def put_cart(request: Any) -> tuple[int, Any]:
        if len(request.body["lines"]) > 1:
            return 422, {"type": "validation", "errors": [{"field": "lines[0].product_id", "detail": "is unknown"}]}
        return 200, {"lines": [line(CHAIR, "Chair", 1, 8900)]}

    around.orders.respond("PUT", "/api/v1/cart", put_cart)
    browser.sign_in()
    assert around.orders.received[-1].body == {"lines": [{"product_id": CHAIR, "quantity": 1}]}


def test_a_signed_in_basket_is_the_accounts(shopper: Browser, around: Around) -> None:
    put(shopper, LAMP)
    assert around.orders.received[-1].body == {"lines": [{"product_id": LAMP, "quantity": 1}]}
    shopper.post("/basket/remove", "/basket", product=LAMP)
    assert (around.orders.received[-1].method, around.orders.received[-1].path) == ("DELETE", "/api/v1/cart")


def test_the_session_of_another_key_is_nobodys(app: ServiceApp, browser: Browser, around: Around) -> None:
    put(browser, LAMP)
    cookie = browser.client.get_cookie("session")
    assert cookie is not None
    forged = app.test_client()
    forged.set_cookie("session", cookie.value[:-3] + "abc")
    assert "There is nothing in it yet." in forged.get("/basket").text
