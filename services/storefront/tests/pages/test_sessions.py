"""Signing up, in and out; cookies and tokens."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from shopkit.app import ServiceApp, create_app
from shopkit.ids import new_id
from storefront.cookies import AccountCookie
from storefront.renewal import Tokens
from storefront.service import SERVICE
from tests.shop_around import KEY, LAMP, Around, Browser, line

ME = {
    "id": new_id(),
    "email": "ann@example.com",
    "name": "Ann",
    "role": "customer",
    "created_at": "2026-11-01T10:00:00Z",
}


def expired(app: Flask, browser: Browser, seconds: float = -10.0, refresh: str = "refresh-1") -> None:
    """Give the browser an account's cookie whose access token has this long to live."""
    with app.test_request_context():
        response = app.response_class()
        AccountCookie(app).write(response, Tokens("old-access", refresh, time.time() + seconds))
    value = response.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    browser.client.set_cookie("account", value)


def renewing(around: Around) -> list[str]:
    """Let tokens be renewed, as the service does: a second use ends the session. Returns what was sent."""
    used: list[str] = []

    def refresh(request: Any) -> tuple[int, Any]:
        token = request.body["refresh_token"]
        used.append(token)
        if used.count(token) > 1 or token == "ended":
            return 401, {"type": "unauthorized"}
        body = {"access_token": f"access after {token}", "token_type": "Bearer", "expires_in": 900}
        return 200, {**body, "refresh_token": f"{token}+"}

    around.users.respond("POST", "/api/v1/token/refresh", refresh)
    return used


def test_a_wrong_password_is_told_and_kept_from_the_page(browser: Browser, around: Around) -> None:
    around.users.answer("POST", "/api/v1/login", 401, {"type": "unauthorized"})
    page = browser.post("/sign-in", "/sign-in", email="ann@example.com", password="hush hush")
    assert page.status_code == 422
    assert '<a href="#email">The e-mail address or the password is wrong.</a>' in page.text
    assert 'value="ann@example.com"' in page.text
    assert "hush hush" not in page.text
    assert 'aria-invalid="true" aria-describedby="email-fault"' in page.text


def test_who_has_to_wait_is_told_how_long(browser: Browser, around: Around) -> None:
    # The fake sends no Retry-After: then it is a minute.
    around.users.answer("POST", "/api/v1/login", 429, {"type": "too-many"})
    page = browser.post("/sign-in", "/sign-in", email="ann@example.com", password="x")
    assert "Wait 60 seconds, then try again." in page.text


def test_failures_are_counted_by_the_shoppers_own_address(browser: Browser, around: Around) -> None:
    browser.headers = {"X-Forwarded-For": "6.6.6.6, 203.0.113.7"}
    around.users.answer("POST", "/api/v1/login", 401, {})
    browser.post("/sign-in", "/sign-in", email="ann@example.com", password="x")
    assert around.users.received[-1].headers["X-Forwarded-For"] == "203.0.113.7"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_a_sign_in_leads_nowhere_else(browser: Browser, around: Around, target: str) -> None:
    around.session()
    around.cart()
    assert f'value="{target}"' not in browser.client.get("/sign-in", query_string={"next": target}).text
    answer = browser.post("/sign-in", "/sign-in", email="ann@example.com", password="x", next=target)
    assert answer.headers["Location"] == "/"


def test_a_sign_up_makes_the_account_and_signs_in(browser: Browser, around: Around) -> None:
    around.session()
    around.cart()
    around.users.answer("POST", "/api/v1/register", 201, ME)
    fields = {"name": " Ann ", "email": "ann@example.com", "password": "long enough"}
    answer = browser.post("/sign-up", "/sign-up", next="/checkout", **fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/checkout")
    assert around.users.received[-2].body == {**fields, "name": "Ann"}


def test_a_taken_address_is_told_beside_its_field(browser: Browser, around: Around) -> None:
    around.users.answer("POST", "/api/v1/register", 409, {"type": "email-taken"})
    around.users.answer("POST", "/api/v1/login", 401, {"type": "unauthorized"})
    page = browser.post("/sign-up", "/sign-up", name="Ann", email="ann@example.com", password="long enough")
    assert '<a href="#email">There is an account with this address already.' in page.text
    page = browser.post("/sign-up", "/sign-up", name="", email="ann", password="short")
    assert page.text.count('class="fault"') == 3


def test_a_form_of_signing_up_that_is_sent_twice_signs_in(browser: Browser, around: Around) -> None:
    around.session()
    around.cart()
    around.users.answer("POST", "/api/v1/register", 409, {"type": "email-taken"})
    answer = browser.post("/sign-up", "/sign-up", name="Ann", email="ann@example.com", password="long enough")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert browser.client.get_cookie("account") is not None
    assert [request.path for request in around.users.received] == ["/api/v1/register", "/api/v1/login"]


def test_when_users_is_busy_the_page_says_so(browser: Browser, around: Around) -> None:
    around.users.answer("POST", "/api/v1/login", 503, {})
    page = browser.post("/sign-in", "/sign-in", email="ann@example.com", password="x")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")


def test_signing_out_ends_the_session_and_forgets_it(shopper: Browser, around: Around) -> None:
    answer = shopper.post("/sign-out", "/account/delete")
    assert answer.headers["Location"] == "/"
    assert around.users.received[-1].body == {"refresh_token": "refresh-1"}
    assert shopper.client.get_cookie("account") is None
    assert shopper.get("/account").headers["Location"] == "/sign-in?next=/account"


def test_cookies_are_for_this_shop_only(browser: Browser, around: Around) -> None:
    around.session()
    around.cart()
    set_cookies = browser.client.get("/sign-in").headers.getlist("Set-Cookie")
    browser.sign_in()
    plain = browser.post("/sign-out", "/account/delete").headers.getlist("Set-Cookie")
    for cookie in set_cookies + plain:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie
    browser.headers = {"X-Forwarded-Proto": "https"}
    (secure,) = browser.get("/sign-in").headers.getlist("Set-Cookie")
    assert secure.startswith("__Host-session=")
    assert "; Secure; HttpOnly; Path=/; SameSite=Lax" in secure


def test_tokens_are_renewed_before_they_expire(app: ServiceApp, browser: Browser, around: Around) -> None:
    used = renewing(around)
    around.cart(line(LAMP, "Lamp", 1, 4490))
    expired(app, browser, seconds=20.0, refresh="soon")
    assert browser.get("/basket").status_code == 200
    assert around.orders.received[-1].headers["Authorization"] == "Bearer access after soon"
    assert browser.get("/basket").status_code == 200
    assert used == ["soon"]


def test_tabs_that_open_at_a_time_stay_signed_in(app: ServiceApp, around: Around, browser: Browser) -> None:
    used = renewing(around)
    around.cart()
    together = threading.Barrier(6)
    tabs = [Browser(app.test_client()) for _ in range(6)]
    for tab in tabs:
        expired(app, tab, refresh="shared")

    def open_tab(tab: Browser) -> tuple[int, str]:
        together.wait(10)
        answer = tab.get("/account/delete")
        cookie = tab.client.get_cookie("account")
        assert cookie is not None
        return answer.status_code, cookie.value

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(open_tab, tabs))
    assert [status for status, _ in answers] == [200] * 6
    assert len({value.split(".")[0] for _, value in answers}) == 1
    assert used == ["shared"]
    # A request that was under way with the old cookie all the time.
    late = Browser(app.test_client())
    expired(app, late, refresh="shared")
    assert late.get("/account/delete").status_code == 200
    assert used == ["shared"]


def test_a_change_of_the_basket_leaves_the_tokens_alone(shopper: Browser, around: Around) -> None:
    answer = shopper.post("/basket/add", f"/p/{LAMP}", product=LAMP)
    assert not any(cookie.startswith("account=") for cookie in answer.headers.getlist("Set-Cookie"))


def test_a_session_that_has_ended_leads_to_the_sign_in_and_back(
    app: ServiceApp, browser: Browser, around: Around
) -> None:
    renewing(around)
    expired(app, browser, refresh="ended")
    answer = browser.get("/account/orders?after=abc")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/account/orders?after%3Dabc")
    assert browser.client.get_cookie("account") is None


def test_while_users_is_away_a_token_serves_to_its_end(app: ServiceApp, browser: Browser, around: Around) -> None:
    around.users.answer("POST", "/api/v1/token/refresh", 503, {})
    expired(app, browser, seconds=20.0, refresh="kept")
    assert browser.get("/account/delete").status_code == 200
    expired(app, browser, seconds=-1.0, refresh="kept")
    page = browser.get("/account/delete")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "1")
    assert browser.client.get_cookie("account") is not None


def test_a_forged_cookie_is_nobodys(app: ServiceApp, browser: Browser) -> None:
    for value in ("x", "", "e30.x.y", "." * 50):
        browser.client.set_cookie("account", value)
        assert browser.get("/account").headers["Location"] == "/sign-in?next=/account"


def test_old_keys_are_accepted_and_new_ones_sign(environ: dict[str, str], browser: Browser, around: Around) -> None:
    browser.post("/basket/add", f"/p/{LAMP}", product=LAMP)
    form = browser.token(f"/p/{LAMP}")
    cookie = browser.client.get_cookie("session")
    assert cookie is not None
    newer = "a-newer-session-key"
    rotated = Browser(create_app(SERVICE, {**environ, "SESSION_KEY": f"{newer},{KEY}"}).test_client())
    rotated.client.set_cookie("session", cookie.value)
    fields = {"csrf_token": form, "product": LAMP}
    assert rotated.client.post("/basket/add", data=fields).status_code == 303
    signed = rotated.client.get_cookie("session")
    assert signed is not None
    later = Browser(create_app(SERVICE, {**environ, "SESSION_KEY": newer}).test_client())
    later.client.set_cookie("session", signed.value)
    assert "€89.80" in later.get("/basket").text


def test_logs_hold_nothing_of_a_shopper(shopper: Browser, around: Around, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("login", "register"):
        around.users.answer("POST", f"/api/v1/{path}", 503, {})
    shopper.post("/sign-out", "/account/delete")
    fields = {"email": "ann@example.com", "password": "correct horse"}
    assert shopper.post("/sign-in", "/sign-in", **fields).status_code == 503
    assert shopper.post("/sign-up", "/sign-up", name="Ann Shopper", **fields).status_code == 503
    printed = capsys.readouterr()
    assert "route=/sign-in" in printed.out
    for secret in ("ann@example.com", "correct horse", "Ann Shopper", "access-1", "refresh-1"):
        assert secret not in printed.out + printed.err
