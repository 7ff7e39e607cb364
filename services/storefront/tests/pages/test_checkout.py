"""From the basket to the paid order: nothing twice, and always a page that says how it stands."""

from __future__ import annotations

from typing import Any

import pytest

from shopkit.ids import is_id, new_id
from tests.shop_around import CHAIR, LAMP, Around, Browser, field_of, line, order

ORDERS = "/api/v1/orders"
LINES = f"{LAMP}*1,{CHAIR}*2"
TOTAL = 4490 + 2 * 8900


@pytest.fixture
def buyer(shopper: Browser, around: Around) -> Browser:
    """A shopper with a lamp and two chairs in the cart."""
    around.cart(line(LAMP, "Lamp", 1, 4490), line(CHAIR, "Chair", 2, 8900))
    return shopper


def placing(around: Around, status: str = "reserved", **changed: Any) -> str:
    """Let orders be placed, by key as the service does; return the id of the first."""
    placed: dict[str, str] = {}
    first = new_id()

    def place(request: Any) -> tuple[int, Any]:
        key = request.headers["Idempotency-Key"]
        order_id = placed.setdefault(key, new_id() if placed else first)
        answer(around, order_id, status, **changed)
        return 201, order(order_id, status, **changed)

    around.orders.respond("POST", ORDERS, place)
    return first


def answer(around: Around, order_id: str, status: str, **changed: Any) -> None:
    """Let an order be in a state."""
    around.orders.answer("GET", f"{ORDERS}/{order_id}", 200, order(order_id, status, **changed))


def place(browser: Browser, form: str) -> Any:
    """Send the order form of a page."""
    names = ("csrf_token", "key", "lines", "total")
    return browser.client.post("/checkout", data={name: field_of(form, name) for name in names})


def sent(around: Around, path: str, method: str = "POST") -> list[Any]:
    """Return the requests to a path of orders."""
    return [request for request in around.orders.received if (request.method, request.path) == (method, path)]


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(browser: Browser, around: Around) -> None:
    assert browser.get("/checkout").headers["Location"] == "/sign-in?next=/checkout"
    around.session()
    around.cart()
    answered = browser.post("/sign-in", "/sign-in", email="a@example.com", password="x", next="/checkout")
    assert answered.headers["Location"] == "/checkout"


def test_an_empty_basket_cannot_be_ordered(shopper: Browser) -> None:
    assert shopper.get("/checkout").headers["Location"] == "/basket"


def test_what_the_form_shows_is_ordered_once_however_often_it_is_sent(buyer: Browser, around: Around) -> None:
    order_id = placing(around)
    first, second = buyer.get("/checkout").text, buyer.get("/checkout").text
    assert "€222.90" in first
    answers = [place(buyer, first), place(buyer, first), place(buyer, second)]
    assert {(a.status_code, a.headers["Location"]) for a in answers} == {(303, f"/checkout/{order_id}")}
    requests = sent(around, ORDERS)
    assert len({request.headers["Idempotency-Key"] for request in requests}) == 1
    expected = {"lines": [{"product_id": LAMP, "quantity": 1}, {"product_id": CHAIR, "quantity": 2}]}
    assert [request.body for request in requests] == [expected] * 3


def test_another_basket_is_another_order(buyer: Browser, around: Around) -> None:
    placing(around)
    before = field_of(buyer.get("/checkout").text, "key")
    around.cart(line(LAMP, "Lamp", 5, 4490))
    after = field_of(buyer.get("/checkout").text, "key")
    assert is_id(after)
    assert before != after


@pytest.mark.parametrize(("name", "value"), [("lines", "x"), ("lines", ""), ("key", "mine"), ("key", "")])
def test_a_form_that_is_out_of_order_orders_nothing(buyer: Browser, around: Around, name: str, value: str) -> None:
    form = buyer.get("/checkout").text
    data = {field: field_of(form, field) for field in ("csrf_token", "key", "lines", "total")}
    assert buyer.client.post("/checkout", data={**data, name: value}).status_code == 400
    assert sent(around, ORDERS) == []


def test_a_changed_price_is_told_before_paying(buyer: Browser, around: Around) -> None:
    order_id = placing(around, total=30000)
    place(buyer, buyer.get("/checkout").text)
    page = buyer.get(f"/checkout/{order_id}").text
    assert "Prices have changed since you looked: the total is €300.00." in page
    assert "Pay €300.00" in page


def test_a_paid_order_leaves_the_basket_once(buyer: Browser, around: Around) -> None:
    order_id = placing(around)
    place(buyer, buyer.get("/checkout").text)
    page = buyer.get(f"/checkout/{order_id}").text
    assert "until <time" in page

    def pay(_request: Any) -> tuple[int, Any]:
        answer(around, order_id, "confirmed")
        return 200, order(order_id, "confirmed")

    around.orders.respond("POST", f"{ORDERS}/{order_id}/pay", pay)
    path = f"/checkout/{order_id}/pay"
    data = {"csrf_token": field_of(page, "csrf_token"), "card": "pm_card_approved"}
    for answered in (buyer.client.post(path, data=data), buyer.client.post(path, data=data)):
        assert (answered.status_code, answered.headers["Location"]) == (303, f"/checkout/{order_id}")
    assert sent(around, f"{ORDERS}/{order_id}/pay")[0].body == {"payment_method": "pm_card_approved"}
    page = buyer.get(f"/checkout/{order_id}").text
    assert "Thank you, it is yours" in page
    assert len(sent(around, "/api/v1/cart", "DELETE")) == 1
    buyer.get(f"/checkout/{order_id}")
    assert len(sent(around, "/api/v1/cart", "DELETE")) == 1


def test_what_was_put_in_meanwhile_stays_in_the_basket(buyer: Browser, around: Around) -> None:
    order_id = placing(around, "confirmed")
    place(buyer, buyer.get("/checkout").text)
    other = new_id()
    around.cart(line(LAMP, "Lamp", 3, 4490), line(other, "Cup", 1, 300))
    buyer.get(f"/checkout/{order_id}")
    assert sent(around, "/api/v1/cart", "PUT")[-1].body == {"lines": [{"product_id": other, "quantity": 1}]}


def test_a_basket_that_cannot_be_emptied_now_is_emptied_later(buyer: Browser, around: Around) -> None:
    order_id = placing(around, "confirmed")
    place(buyer, buyer.get("/checkout").text)
    around.orders.answer("GET", "/api/v1/cart", 503, {})
    assert "Thank you" in buyer.get(f"/checkout/{order_id}").text
    around.cart(line(LAMP, "Lamp", 1, 4490))
    buyer.get(f"/checkout/{order_id}")
    assert len(sent(around, "/api/v1/cart", "DELETE")) == 1


@pytest.mark.parametrize(
    ("status", "title", "button"),
    [("payment_failed", "The card was declined", "Try another card"), ("expired", "The time to pay", "Order again")],
)
def test_a_failed_order_can_be_tried_again_as_another(
    buyer: Browser, around: Around, status: str, title: str, button: str
) -> None:
    order_id = placing(around)
    place(buyer, buyer.get("/checkout").text)
    answer(around, order_id, status)
    page = buyer.get(f"/checkout/{order_id}").text
    assert title in page
    assert button in page
    again = [place(buyer, page), place(buyer, page), place(buyer, buyer.get(f"/checkout/{order_id}").text)]
    assert len({answered.headers["Location"] for answered in again}) == 1
    assert again[0].headers["Location"] != f"/checkout/{order_id}"
    assert sent(around, "/api/v1/cart", "DELETE") == []


@pytest.mark.parametrize(
    ("status", "slug"), [(402, "payment-declined"), (409, "order-expired"), (409, "order-not-payable")]
)
def test_a_refused_payment_leads_to_how_the_order_stands(
    buyer: Browser, around: Around, status: int, slug: str
) -> None:
    order_id = new_id()
    answer(around, order_id, "payment_failed")
    problem = {"type": f"https://shopkeeper.dev/problems/{slug}", "detail": "no"}
    around.orders.answer("POST", f"{ORDERS}/{order_id}/pay", status, problem)
    answered = buyer.post(f"/checkout/{order_id}/pay", "/account/delete", card="pm_card_declined")
    assert answered.headers["Location"] == f"/checkout/{order_id}"


def test_a_payment_without_an_answer_is_pending_and_not_to_be_repeated(buyer: Browser, around: Around) -> None:
    order_id = new_id()
    answer(around, order_id, "paying")
    problem = {"type": "https://shopkeeper.dev/problems/upstream-timeout", "detail": "no answer"}
    around.orders.answer("POST", f"{ORDERS}/{order_id}/pay", 504, problem)
    answered = buyer.post(f"/checkout/{order_id}/pay", "/account/delete", card="pm_card_timeout")
    assert answered.headers["Location"] == f"/checkout/{order_id}"
    page = buyer.get(f"/checkout/{order_id}").text
    assert "you must not pay again" in page
    assert f'href="/checkout/{order_id}">Look again</a>' in page
    assert "/pay" not in page


def test_a_card_has_to_be_chosen(buyer: Browser, around: Around) -> None:
    order_id = new_id()
    answer(around, order_id, "reserved")
    page = buyer.post(f"/checkout/{order_id}/pay", f"/checkout/{order_id}", card="pm_other")
    assert page.status_code == 422
    assert '<a href="#card">Choose a card.</a>' in page.text


def test_when_there_is_too_little_the_basket_says_what_is_left(buyer: Browser, around: Around) -> None:
    shortage = {"field": "lines[1].quantity", "detail": "x", "product_id": CHAIR, "requested": 2, "available": 1}
    problem = {"type": "https://shopkeeper.dev/problems/insufficient-stock", "errors": [shortage]}
    around.orders.answer("POST", ORDERS, 409, problem)
    form = buyer.get("/checkout").text
    assert place(buyer, form).headers["Location"] == "/basket"
    page = buyer.get("/basket").text
    assert f'<a href="#q-{CHAIR}">Only 1 of Chair is left.</a>' in page
    assert "nothing was charged" in page
    buyer.post("/basket/fit", "/basket")
    expected = [{"product_id": LAMP, "quantity": 1}, {"product_id": CHAIR, "quantity": 1}]
    assert sent(around, "/api/v1/cart", "PUT")[-1].body == {"lines": expected}
    assert "Only 1" not in buyer.get("/basket").text
    assert field_of(buyer.get("/checkout").text, "key") != field_of(form, "key")


@pytest.mark.parametrize("slug", ["validation", "idempotency-key-reused"])
def test_an_order_that_is_not_taken_leads_back_to_the_basket(buyer: Browser, around: Around, slug: str) -> None:
    problem = {"type": f"https://shopkeeper.dev/problems/{slug}", "errors": [{"field": "x", "detail": "y"}]}
    around.orders.answer("POST", ORDERS, 422, problem)
    form = buyer.get("/checkout").text
    assert place(buyer, form).headers["Location"] == "/basket"
    assert "Check it again." in buyer.get("/basket").text


def test_when_orders_is_away_the_same_form_can_be_sent_again(buyer: Browser, around: Around) -> None:
    around.orders.answer("POST", ORDERS, 503, {})
    form = buyer.get("/checkout").text
    page = place(buyer, form)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    assert 'href="/checkout">Try again</a>' in page.text
    order_id = placing(around)
    assert place(buyer, form).headers["Location"] == f"/checkout/{order_id}"
    assert len({request.headers["Idempotency-Key"] for request in sent(around, ORDERS)}) == 1


def test_an_order_of_somebody_else_is_not_there(buyer: Browser, around: Around) -> None:
    assert buyer.get(f"/checkout/{new_id()}").status_code == 404
