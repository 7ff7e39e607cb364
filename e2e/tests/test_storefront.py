"""A shopper in a real browser, through the gateway: from the front page to the confirmed order and its mail."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from storefront_journey import DESKTOP, PHONE, Journey, buy, running_browser

from e2e.cluster import browser as installed
from e2e.support.mails import mails_of
from e2e.support.shop import Shop, forward
from e2e.support.shopper import Shopper
from e2e.support.tls import trusting
from e2e.support.waiting import eventually

pytestmark = pytest.mark.e2e

SCREENSHOTS = Path(os.environ.get("SCREENSHOTS", Path(__file__).parents[2] / "out" / "storefront" / "cluster"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser without a window."""
    found = installed.find()
    assert found is not None, "no browser: `python3 -m e2e.cluster browser` installs one"
    with running_browser(found) as started:
        yield started


@pytest.fixture(scope="module")
def lantern(admin: Shopper) -> None:
    """Put a lantern on sale that no other test knows."""
    made = admin.call("POST", "/products", {"name": "Zanzibar Lantern", "price": 4490, "category": "lighting"})
    assert made.status == 201, made
    assert admin.call("POST", f"/inventory/{made.body['id']}", {"quantity": 50}).status == 200


@pytest.mark.usefixtures("lantern")
@pytest.mark.parametrize(("screen", "javascript"), [("desktop", True), ("phone", False)])
def test_from_the_front_page_to_the_confirmed_order(
    shop: Shop, anyone: Shopper, browser: Browser, screen: str, javascript: bool
) -> None:
    folder = SCREENSHOTS / screen
    folder.mkdir(parents=True, exist_ok=True)
    email = f"ann-{uuid.uuid4().hex[:8]}@example.com"
    context = browser.new_context(viewport=DESKTOP if screen == "desktop" else PHONE, java_script_enabled=javascript)
    page = context.new_page()

    def look(name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    order = buy(Journey(page, anyone.url, email, look), "zanzibar")
    context.close()

    assert shop.sql("orders", f"SELECT state FROM orders WHERE id = '{order}'") == "confirmed"
    assert (
        shop.sql(
            "orders", f"SELECT count(*) FROM orders WHERE user_id = (SELECT user_id FROM orders WHERE id = '{order}')"
        )
        == "2"
    )
    with mails_of(shop) as mails:
        eventually(lambda: len(mails.to(email)) == 3, "the mails have come", 60)
        assert sorted(mails.subjects(email)) == [
            "The payment of your order of €89.80 failed",
            "Welcome to Demo",
            "Your order of €89.80 is confirmed",
        ]


def test_product_page_shows_what_was_bought_together_and_renders_without_it(
    shop: Shop, admin: Shopper, anyone: Shopper
) -> None:
    ids = [admin.offer(name, price=1000, stock=50) for name in ("Pencil", "Sharpener")]
    shopper = anyone.register()
    for _ in range(3):
        lines = [{"product_id": one, "quantity": 1} for one in ids]
        order = shopper.call("POST", "/orders", {"lines": lines}).body["id"]
        assert shopper.pay(order).status == 200

    def page() -> str:
        answer = anyone.pool.request("GET", f"{anyone.url}/p/{ids[0]}")
        assert answer.status == 200
        return answer.data.decode()

    eventually(lambda: "Sharpener" in page(), "the page of the pencil recommends the sharpener", 60)

    shop.apply(paused=True)
    shop.kubectl("scale", f"deployment/{shop.name}-recommendations", "--replicas=0")
    eventually(lambda: "Sharpener" not in page(), "the page renders without recommendations", 60)
    shop.apply(paused=False)
    eventually(lambda: "Sharpener" in page(), "the recommendations are back", 120)


def test_session_cookie_is_safe_over_tls(shop: Shop) -> None:
    with forward(shop.kubectl, f"service/{shop.name}-gateway", 443) as port:
        answer = trusting(shop, port).request("GET", "/sign-in")
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("secure", "httponly", "samesite=lax"))
    policy = answer.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
