"""Looking around: the front page, lists, products; and what they do without."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.shop_around import CHAIR, LAMP, Around, Browser, product

_LIST = "/api/v1/products?sort=-created_at&limit=24"


def listing(*products: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    """A page of the list of products."""
    return {"items": list(products), "next_cursor": cursor}


def test_the_front_page_shows_shelves_and_what_is_new(browser: Browser, around: Around) -> None:
    around.products.answer("GET", "/api/v1/products?sort=-created_at&limit=60", 200, listing(product(LAMP)))
    around.products.answer("GET", "/api/v1/products?category=chairs&limit=1", 200, listing(product(CHAIR, "Chair")))
    page = browser.get("/")
    assert page.status_code == 200
    assert "1 thing on 1 shelf." in page.text
    assert 'href="/c/chairs"' in page.text
    assert f'src="/api/v1/products/{CHAIR}/picture.svg"' in page.text
    assert "€44.90" in page.text


def test_a_list_leads_to_the_next_page_and_back(browser: Browser, around: Around) -> None:
    query = "/api/v1/products?q=lamp&max_price=5000&limit=24"
    around.products.answer("GET", query, 200, listing(product(LAMP), cursor="next_1"))
    page = browser.get("/search?q=lamp&max=50")
    assert 'href="/search?q=lamp&amp;max=50&amp;after=next_1"' in page.text
    around.products.answer("GET", f"{query}&cursor=next_1", 200, listing(product(CHAIR, "Chair")))
    page = browser.get("/search?q=lamp&max=50&after=next_1")
    assert "Chair" in page.text
    assert '<a href="/search?q=lamp&amp;max=50">Back to the beginning</a>' in page.text


def test_words_are_shown_as_text(browser: Browser, around: Around) -> None:
    words = "<script>alert(1)</script>"
    around.products.answer("GET", "/api/v1/products?q=%3Cscript%3Ealert%281%29%3C%2Fscript%3E&limit=24", 200, listing())
    page = browser.get("/search") if not words else browser.client.get("/search", query_string={"q": words})
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


def test_a_cursor_of_another_list_leads_to_the_beginning(browser: Browser, around: Around) -> None:
    around.products.answer("GET", f"{_LIST}&cursor=strange", 422, {"type": "x", "errors": []})
    around.products.answer("GET", _LIST, 200, listing(product(LAMP)))
    assert "Lamp" in browser.get("/search?after=strange").text


def test_prices_that_cannot_be_read_are_told_beside_their_field(browser: Browser, around: Around) -> None:
    around.products.answer("GET", _LIST, 200, listing(product(LAMP)))
    page = browser.get("/search?min=cheap")
    assert '<a href="#min">Enter a price such as 20 or 19.90.</a>' in page.text
    assert re.search(r'<input id="min"[^>]*value="cheap" aria-invalid="true"', page.text)
    assert "<title>Error: " in page.text


@pytest.mark.parametrize(
    "path", ["/c/UPPER", "/c/..%2fx", "/c/empty", "/nowhere", "/p/01a20a36-8e32-7210-82e5-c2f0d337060e", "/p/1"]
)
def test_what_is_not_there_is_a_page_that_says_so(browser: Browser, around: Around, path: str) -> None:
    around.products.answer("GET", "/api/v1/products?category=empty&sort=-created_at&limit=24", 200, listing())
    page = browser.get(path)
    assert page.status_code == 404
    assert "<h1>This shelf is empty</h1>" in page.text


def test_a_product_is_shown_with_its_stock(browser: Browser, around: Around) -> None:
    page = browser.get(f"/p/{LAMP}")
    assert "<h1>Lamp</h1>" in page.text
    assert '<p class="stock in">In stock</p>' in page.text
    assert 'name="product" value="' + LAMP in page.text


@pytest.mark.parametrize(("available", "shown"), [(0, "Sold out"), (2, "Only 2 left")])
def test_little_stock_is_told(browser: Browser, around: Around, available: int, shown: str) -> None:
    path = f"/api/v1/inventory/{LAMP}"
    around.inventory.answer("GET", path, 200, {"product_id": LAMP, "available": available})
    page = browser.get(f"/p/{LAMP}")
    assert shown in page.text
    assert page.text.count("<option>") == available
    assert ("Add to basket" in page.text) == (available > 0)


def test_a_product_that_never_had_stock_is_sold_out(browser: Browser, around: Around) -> None:
    around.inventory.answer("GET", f"/api/v1/inventory/{LAMP}", 404, {})
    assert "Sold out" in browser.get(f"/p/{LAMP}").text


def test_a_product_is_shown_while_the_stock_is_unknown(browser: Browser, around: Around) -> None:
    around.inventory.answer("GET", f"/api/v1/inventory/{LAMP}", 500, {})
    page = browser.get(f"/p/{LAMP}")
    assert page.status_code == 200
    assert "we cannot see the stock" in page.text
    assert "Add to basket" in page.text


def test_what_is_left_of_the_time_is_passed_on(browser: Browser, around: Around) -> None:
    browser.get(f"/p/{LAMP}", **{"X-Envoy-Expected-Rq-Timeout-Ms": "450"})
    for asked in (around.products.received[0], around.inventory.received[0]):
        assert 0 < int(asked.headers["X-Envoy-Expected-Rq-Timeout-Ms"]) <= 450


def test_without_products_there_is_a_page_that_says_when_to_come_back(browser: Browser, around: Around) -> None:
    around.products.answer("GET", f"/api/v1/products/{LAMP}", 503, {})
    page = browser.get(f"/p/{LAMP}")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    assert "Your basket is safe" in page.text
    assert f'href="/p/{LAMP}">Try again</a>' in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_page_that_has_not_changed_is_not_sent_again(browser: Browser, around: Around) -> None:
    page = browser.get(f"/p/{LAMP}")
    tag = page.headers["ETag"]
    again = browser.get(f"/p/{LAMP}", **{"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    around.products.answer("GET", f"/api/v1/products/{LAMP}", 200, product(LAMP, price=1))
    assert browser.get(f"/p/{LAMP}", **{"If-None-Match": tag}).status_code == 200


def test_lists_need_no_cookie(browser: Browser, around: Around) -> None:
    around.products.answer("GET", _LIST, 200, listing(product(LAMP)))
    assert "Set-Cookie" not in browser.get("/search").headers


def test_the_style_sheet_is_small_and_kept_for_a_year(browser: Browser, around: Around) -> None:
    found = re.search(r'href="(/static/shop\.[0-9a-f]{16}\.css)"', browser.get("/sign-in").text)
    assert found is not None
    plain = browser.get(found[1])
    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.content_type == "text/css; charset=utf-8"
    squeezed = browser.get(found[1], **{"Accept-Encoding": "gzip, br"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert len(squeezed.data) < 7000
    again = browser.get(found[1], **{"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert browser.get("/static/shop.css").status_code == 404


def test_nothing_on_a_page_may_run_or_come_from_elsewhere(browser: Browser, around: Around) -> None:
    for path in ("/sign-in", f"/p/{LAMP}", "/nowhere", "/basket"):
        page = browser.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r"<script|style=|<style| on\w+=|https?://", page.text)
