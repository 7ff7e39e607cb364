"""A whole shop on loopback, and a real browser."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ViewportSize

import storefront_journey
from shopkit.testing.postgres import Templates
from tests.shop_stack import LocalShop, local_shop

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PICTURE = re.compile(r"/api/v1/products/.*/picture\.svg$")
OpenContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def shop(database_templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalShop]:
    """The shop."""
    with local_shop(database_templates, tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    executable = next((path for path in map(shutil.which, _BROWSERS) if path), None)
    if executable is None:
        raise pytest.UsageError("These tests need Chromium: run `python3 -m e2e.cluster browser`, which installs it.")
    with storefront_journey.running_browser(executable) as running:
        yield running


@pytest.fixture(scope="session")
def shots() -> Path:
    """The folder for screenshots."""
    root = Path(__file__).parents[4]
    folder = Path(os.environ.get("SCREENSHOTS") or root / "out/storefront")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def open_context(chromium: Browser, shop: LocalShop) -> Iterator[OpenContext]:
    """Open a browser's window with a size, with or without JavaScript, on a light or a dark desk.

    Pictures come from the service `products`, as they do behind the gateway.
    """
    opened: list[BrowserContext] = []

    def make(size: ViewportSize, *, scripts: bool = True, dark: bool = False) -> BrowserContext:
        context = chromium.new_context(
            viewport=size, java_script_enabled=scripts, color_scheme="dark" if dark else "light"
        )
        products = shop.servers["products"].url
        path_of = re.compile(r"^https?://[^/]+")
        context.route(_PICTURE, lambda route: route.continue_(url=path_of.sub(products, route.request.url)))
        context.set_default_timeout(60_000)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
