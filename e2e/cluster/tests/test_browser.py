"""Finding a browser."""

from e2e.cluster import browser


def test_the_first_that_is_installed_is_taken() -> None:
    installed = {"google-chrome": "/usr/bin/google-chrome", "chromium-browser": "/snap/bin/chromium"}
    assert browser.find(installed.get) == "/snap/bin/chromium"


def test_none_is_found_where_none_is_installed() -> None:
    assert browser.find(lambda _: None) is None
