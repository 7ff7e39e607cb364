"""Forms, addresses of shoppers, the purchase under way, how orders are shown."""

from __future__ import annotations

from typing import Any

import pytest

from shopkit.ids import new_id
from storefront import basket_view, forms, front, orders_view, origin, purchase
from storefront.basket import of
from storefront.clients.catalogue import Product
from storefront.forms import SignIn, SignUp
from storefront.orders_view import Shortage


def test_all_that_is_wrong_with_a_form_is_told_at_once() -> None:
    faults = SignUp("", "nobody", "short").faults()
    assert [fault.field for fault in faults.items] == ["name", "email", "password"]
    assert not SignUp("Ann", "ann@example.com", "long enough").faults()
    assert [fault.field for fault in SignIn().faults().items] == ["email", "password"]


@pytest.mark.parametrize("email", ["ann", "@", "ann@", "@example.com", "a b@example.com", "ünn@example.com"])
def test_what_is_no_address_is_told(email: str) -> None:
    assert SignUp("Ann", email, "long enough").faults().of("email")


def test_faults_of_a_service_go_to_their_fields() -> None:
    errors = [{"field": "email", "detail": "must be an e-mail address"}, {"field": "other", "detail": "is wrong"}]
    assert forms.from_service(errors, ("email",)).of("email") == "This must be an e-mail address."
    assert forms.from_service([{"field": "other"}], ("email",)).items[0].field == ""


@pytest.mark.parametrize(
    ("text", "number"), [("3", 3), (" 0 ", 0), ("500", 99), ("-1", None), ("²", None), (None, None)]
)
def test_quantities(text: str | None, number: int | None) -> None:
    assert forms.quantity(text, 99) == number


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ("", 1, "10.0.0.1"),
        ("203.0.113.7", 1, "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", 1, "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.9.9.9", 2, "203.0.113.7"),
        ("203.0.113.7", 0, "10.0.0.1"),
    ],
)
def test_the_shoppers_address_is_what_our_proxies_say(forwarded: str, proxies: int, address: str) -> None:
    assert origin.client_address(forwarded, "10.0.0.1", proxies) == address


def test_https_is_what_our_proxies_say() -> None:
    assert origin.is_https("https", "http", 1)
    assert not origin.is_https("https", "http", 0)
    assert not origin.is_https("", "http", 1)
    assert origin.is_https("", "https", 1)


def test_the_key_of_a_purchase_belongs_to_what_is_ordered() -> None:
    session: dict[str, Any] = {}
    key = purchase.key_for(session, "a*1")
    assert purchase.key_for(session, "a*1") == key
    assert purchase.key_for(session, "a*2") != key
    again = purchase.key_for(session, "a*1")
    assert again != key
    order_id = new_id()
    purchase.placed(session, order_id)
    assert purchase.key_for(session, "a*1") == again
    assert (purchase.is_of(session, order_id), purchase.is_of(session, new_id())) == (True, False)
    purchase.end(session)
    assert purchase.key_for(session, "a*1") != again


def test_a_basket_is_shown_with_what_is_short_and_without_what_is_gone() -> None:
    lamp, cup, gone = new_id(), new_id(), new_id()
    known = {key: Product(key, name, "", 250, "EUR", None, None, None) for key, name in ((lamp, "Lamp"), (cup, "Cup"))}
    shortages = [Shortage(lamp, 1), Shortage(cup, 3)]
    seen = basket_view.view(of({lamp: 2, cup: 3, gone: 1}), known, "EUR", shortages)
    assert [(line.product.name, line.left) for line in seen.lines] == [("Lamp", 1), ("Cup", None)]
    assert (seen.gone, seen.count, seen.shown_total) == ((gone,), 5, "€12.50")
    assert seen.short[0].problem == "Only 1 of Lamp is left."
    none = basket_view.view(of({cup: 1}), known, "EUR", [Shortage(cup, 0)])
    assert none.lines[0].problem == "Cup is sold out."


def test_what_is_new_is_of_several_categories() -> None:
    categories = ["toys", "toys", "toys", None, "cups", "cups"]
    products = [Product(str(n), "", "", 1, "EUR", category, None, None) for n, category in enumerate(categories)]
    assert [product.id for product in front.varied(products, 5)] == ["0", "3", "4", "1", "5"]
    assert front.varied([], 5) == ()


def test_every_status_of_an_order_has_words() -> None:
    body = {"id": new_id(), "lines": [], "total": 0, "currency": "EUR", "created_at": "2026-11-01T10:00:00.5Z"}
    statuses = [
        "created",
        "rejected",
        "reserved",
        "paying",
        "confirmed",
        "payment_failed",
        "cancelling",
        "cancelled",
        "expired",
    ]
    orders = [orders_view.order_of({**body, "status": status}) for status in statuses]
    assert len({order.label for order in orders}) == len(statuses)
    assert [order.status for order in orders if order.payable] == ["reserved"]
    assert [order.status for order in orders if order.cancellable] == ["reserved", "confirmed"]
    assert orders_view.day(orders[0].created_at) == "1 November 2026"
    assert orders_view.clock(orders[0].created_at) == "10:00 UTC"
