"""Shoppers in a real browser, from the front door to the confirmed order."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

import storefront_journey
from shopkit.ids import new_id
from storefront_journey import APPROVED, DESKTOP, PHONE, Journey, Look
from tests.shop_stack import PIECES, LocalShop

OpenContext = Callable[..., BrowserContext]
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


# All pictures, those below the fold as well.
_LOAD_PICTURES = """Promise.all([...document.images].map(image => {
  image.loading = 'eager';
  return image.decode();
}))"""


def looking(page: Page, folder: Path, prefix: str) -> Look:
    """Return what to do on each page: keep a picture of it, check that everyone can use it, that it fits the screen."""

    def look(name: str) -> None:
        page.evaluate(_LOAD_PICTURES)
        page.screenshot(path=folder / f"{prefix}-{name}.png", full_page=True)
        found: Any = Axe().run(page, options=_RULES).response
        faults = [f"{rule['id']}: {node['html']}" for rule in found["violations"] for node in rule["nodes"]]
        assert faults == [], f"{name}: {faults}"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} is too wide"

    return look


def address() -> str:
    """An e-mail address that nobody has."""
    return f"ann-{new_id()}@example.com"


def orders_of(shop: LocalShop, product_id: str) -> int:
    """How many pieces of a product are sold or set aside."""
    stock = shop.call("inventory", "GET", f"/api/v1/inventory/{product_id}")
    return PIECES - int(stock["available"])


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_shopper_buys(shop: LocalShop, open_context: OpenContext, size: ViewportSize, scripts: bool) -> None:
    page = open_context(size, scripts=scripts).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    order_id = storefront_journey.buy(Journey(page, shop.url, address()))
    assert order_id in page.url
    # Nothing was refused by the content security policy, and every picture was there.
    assert said == []


@pytest.mark.parametrize(("size", "dark"), [(PHONE, False), (DESKTOP, False), (DESKTOP, True)])
def test_everyone_can_use_all_pages(
    shop: LocalShop, open_context: OpenContext, shots: Path, size: ViewportSize, dark: bool
) -> None:
    page = open_context(size, dark=dark).new_page()
    prefix = f"{'phone' if size is PHONE else 'desktop'}{'-dark' if dark else ''}"
    journey = Journey(page, shop.url, address(), looking(page, shots, prefix))
    storefront_journey.buy(journey)
    for name, path in (
        ("account", "/account"),
        ("account-delete", "/account/delete"),
        ("orders", "/account/orders"),
        ("empty-basket", "/basket"),
        ("not-found", "/nowhere"),
        ("nothing-found", "/search?q=zzzzzzzz"),
        ("wrong-price", "/search?min=cheap"),
    ):
        journey.open(path)
        journey.look(name)
    journey.open("/account")
    journey.press("Change the password")
    journey.look("account-faults")
    expect(page.locator(".faults")).to_be_focused()


def test_when_the_last_pieces_go_the_shopper_takes_what_is_left(
    shop: LocalShop, open_context: OpenContext, shots: Path
) -> None:
    chair = shop.products("category=chairs&sort=name&limit=1")[0]
    page = open_context(PHONE).new_page()
    journey = Journey(page, shop.url, address(), looking(page, shots, "sold-out"))
    journey.open(f"/p/{chair['id']}")
    journey.put_in_basket(3)
    journey.follow("Go to checkout")
    journey.sign_up()
    shop.set_stock(chair["id"], 1)
    journey.press("Order, then pay")
    expect(page.get_by_role("alert")).to_contain_text(f"Only 1 of {chair['name']} is left.")
    journey.look("too-little")
    page.get_by_role("link", name="Only 1 of").click()
    expect(page.get_by_label(f"Quantity of {chair['name']}")).to_be_focused()
    journey.press("Take what is left")
    journey.follow("Go to checkout")
    journey.order()
    journey.pay(APPROVED)
    journey.heading("Thank you, it is yours")
    journey.open(f"/p/{chair['id']}")
    journey.look("product-sold-out")
    expect(page.get_by_role("main")).to_contain_text("Sold out")


def test_impatience_makes_no_second_order(shop: LocalShop, open_context: OpenContext) -> None:
    table = shop.products("category=tables&sort=name&limit=1")[0]
    context = open_context(DESKTOP)
    page = context.new_page()
    journey = Journey(page, shop.url, address())
    journey.open(f"/p/{table['id']}")
    journey.put_in_basket(1)
    journey.follow("Go to checkout")
    journey.sign_up()
    journey.heading("Is this what you want?")
    page.get_by_role("button", name="Order, then pay").dblclick()
    journey.heading("Pay your order")
    order_page = page.url
    # Back to the form, which is sent once more; and another tab.
    page.go_back()
    journey.press("Order, then pay")
    expect(page).to_have_url(order_page)
    other = Journey(context.new_page(), shop.url, "")
    other.open("/checkout")
    other.press("Order, then pay")
    expect(other.page).to_have_url(order_page)
    page.get_by_role("button", name=re.compile("^Pay ")).dblclick()
    journey.heading("Thank you, it is yours")
    other.pay(APPROVED)
    other.heading("Thank you, it is yours")
    page.reload()
    assert orders_of(shop, table["id"]) == 1
    journey.open("/account/orders")
    expect(page.locator(".orders li")).to_have_count(1)


def test_a_payment_that_answers_late_is_pending_and_then_confirmed(
    shop: LocalShop, open_context: OpenContext, shots: Path
) -> None:
    cup = shop.products("category=cups&sort=name&limit=1")[0]
    page = open_context(PHONE).new_page()
    journey = Journey(page, shop.url, address(), looking(page, shots, "late"))
    journey.open(f"/p/{cup['id']}")
    journey.put_in_basket(1)
    journey.follow("Go to checkout")
    journey.sign_up()
    journey.order()
    journey.pay("Card that answers late")
    journey.heading(re.compile("The payment is on its way|Thank you, it is yours"))
    journey.look("pending")
    thanks = page.get_by_role("heading", level=1, name="Thank you, it is yours")
    # The page asks the shopper to look again; so she does, until there is an answer.
    for _look in range(400):
        if thanks.is_visible():
            break
        page.get_by_role("link", name="Look again").click()
        page.wait_for_load_state()
    expect(thanks).to_be_visible()


def test_the_account_can_be_left_and_entered_again(shop: LocalShop, open_context: OpenContext) -> None:
    bag = shop.products("category=bags&sort=name&limit=1")[0]
    page = open_context(DESKTOP, scripts=False).new_page()
    journey = Journey(page, shop.url, address())
    journey.open("/sign-in")
    journey.sign_up()
    journey.heading("Come on in.")
    journey.open(f"/p/{bag['id']}")
    journey.put_in_basket(2)
    journey.open("/account")
    journey.press("Sign out")
    expect(page.get_by_role("status")).to_contain_text("You are signed out.")
    journey.open(f"/p/{bag['id']}")
    journey.put_in_basket(1)
    journey.follow("Go to checkout")
    journey.sign_in()
    expect(page.get_by_role("main")).to_contain_text(f"{bag['name']}")
    expect(page.get_by_role("link", name=re.compile("^Basket.* 2 items"))).to_be_visible()
    journey.open("/account/delete")
    page.get_by_label("Yes, delete my account").check()
    journey.press("Delete the account")
    journey.open("/sign-in")
    journey.sign_in()
    expect(page.get_by_role("alert")).to_contain_text("The e-mail address or the password is wrong.")


def test_all_can_be_done_with_the_keyboard(shop: LocalShop, open_context: OpenContext) -> None:
    page = open_context(DESKTOP).new_page()
    page.goto(shop.url)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="See everything")).to_be_focused()
