"""Which service these tests are about, and the services around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from shopkit.app import ServiceApp
from shopkit.service import Service
from storefront.service import SERVICE
from tests.shop_around import KEY, Around, Browser


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The service under test."""
    return SERVICE


@pytest.fixture(scope="session")
def running() -> Iterator[Around]:
    """The services around, as real HTTP servers."""
    around = Around()
    users, products, inventory, orders = around.all
    with users, products, inventory, orders:
        yield around


@pytest.fixture(scope="module")
def extra_environ(running: Around) -> dict[str, str]:
    """The service's own variables."""
    return {
        "SESSION_KEY": KEY,
        "USERS_URL": running.users.url,
        "PRODUCTS_URL": running.products.url,
        "INVENTORY_URL": running.inventory.url,
        "ORDERS_URL": running.orders.url,
        "SHOP": "corner",
        "CATALOGUE_CACHE_SECONDS": "0",
    }


@pytest.fixture
def around(running: Around) -> Around:
    """The services around, fresh for this test."""
    running.reset()
    return running


@pytest.fixture
def browser(app: ServiceApp, around: Around) -> Browser:
    """A browser without cookies."""
    return Browser(app.test_client())


@pytest.fixture
def shopper(browser: Browser, around: Around) -> Browser:
    """A browser whose shopper is signed in, with an empty cart."""
    around.session()
    around.cart()
    browser.sign_in()
    return browser
