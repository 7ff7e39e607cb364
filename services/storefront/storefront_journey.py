"""A shopper's way through the shop in a real browser, from the front door to the confirmed order.

It needs a running shop and nothing else: the tests of this service take it through a shop on loopback, the end-to-end
tests through the gateway.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

APPROVED, DECLINED = "Card that is approved", "Card that is declined"
PASSWORD = "correct horse battery"  # noqa: S105 - of an account that the journey makes
PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
# A machine that does many other things at a time is slow, not broken.
_PATIENCE_MS = 60_000
Look = Callable[[str], None]
"""Called on each page with a name for it."""


@contextmanager
def running_browser(executable: str) -> Iterator[Browser]:
    """Run Chromium or Chrome without a window.

    Args:
        executable: path of the program.
    """
    with sync_playwright() as playwright:
        # As root, as which tests run in containers, its own sandbox does not work.
        expect.set_options(timeout=_PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Journey:
    """A shopper on her way.

    Args:
        page: of her browser.
        base_url: of the shop.
        email: an address that has no account yet.
        look: called on each page.
    """

    page: Page
    base_url: str
    email: str
    look: Look = lambda _name: None

    def open(self, path: str) -> None:
        """Go to a page by its address."""
        self.page.goto(self.base_url + path)

    def heading(self, text: str | re.Pattern[str]) -> None:
        """Expect to be on the page with this heading."""
        expect(self.page.get_by_role("heading", level=1, name=text)).to_be_visible()

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press a button."""
        self.page.get_by_role("main").get_by_role("button", name=name).click()

    def follow(self, name: str | re.Pattern[str], within: str = "main") -> None:
        """Follow a link."""
        self.page.get_by_role(_role(within)).get_by_role("link", name=name).first.click()

    def look_around(self) -> None:
        """See the front page, a shelf, and what a search finds."""
        self.open("/")
        self.heading("Come on in.")
        self.look("home")
        self.page.locator(".tile a").first.click()
        expect(self.page.locator(".card").first).to_be_visible()
        self.look("category")

    def find(self, words: str) -> None:
        """Search for a product and open it."""
        self.page.get_by_role("searchbox", name="Search the shop").fill(words)
        self.page.get_by_role("search").get_by_role("button", name="Search").click()
        self.look("search")
        self.page.locator(".card a").first.click()
        expect(self.page.get_by_role("button", name="Add to basket")).to_be_visible()
        self.look("product")

    def put_in_basket(self, quantity: int) -> None:
        """Put pieces of the product of this page into the basket."""
        self.page.get_by_label("Quantity").select_option(str(quantity))
        self.press("Add to basket")
        self.heading("Your basket")
        expect(self.page.get_by_role("status")).to_contain_text("is in your basket")
        self.look("basket")

    def sign_up(self, name: str = "Ann Shopper") -> None:
        """Make an account, from the sign-in page."""
        self.heading("Sign in")
        self.look("sign-in")
        self.follow("Make an account")
        self.heading("Make an account")
        self.look("sign-up")
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_label("E-mail address").fill(self.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Make the account")

    def sign_in(self) -> None:
        """Sign in, on the sign-in page."""
        self.heading("Sign in")
        self.page.get_by_label("E-mail address").fill(self.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")

    def order(self) -> str:
        """Order what is shown on the page before; return the order's id."""
        self.heading("Is this what you want?")
        self.look("checkout")
        self.press("Order, then pay")
        self.heading("Pay your order")
        self.look("pay")
        return self.page.url.rstrip("/").rpartition("/")[2]

    def pay(self, card: str) -> None:
        """Pay with one of the cards."""
        self.page.get_by_label(card).check()
        self.press(re.compile("^Pay "))


def buy(journey: Journey, words: str = "lamp", quantity: int = 2) -> str:
    """Go all the way: look around, fill the basket, sign up, be declined once, pay; return the confirmed order's id."""
    journey.look_around()
    journey.find(words)
    journey.put_in_basket(quantity)
    journey.follow("Go to checkout")
    journey.sign_up()
    journey.order()
    journey.pay(DECLINED)
    journey.heading("The card was declined")
    journey.look("declined")
    journey.press("Try another card")
    journey.heading("Pay your order")
    order_id = journey.page.url.rpartition("/")[2]
    journey.pay(APPROVED)
    journey.heading("Thank you, it is yours")
    journey.look("confirmed")
    expect(journey.page.get_by_role("link", name=re.compile("^Basket.* 0 items"))).to_be_visible()
    journey.page.reload()
    journey.heading("Thank you, it is yours")
    journey.follow("See the order")
    journey.heading(re.compile("^Order "))
    journey.look("order")
    expect(journey.page.get_by_text("Confirmed", exact=True)).to_be_visible()
    return order_id


def _role(name: str) -> Any:
    return name
