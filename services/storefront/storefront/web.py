"""Puts the pages on the application."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, g, get_flashed_messages
from flask_wtf.csrf import CSRFProtect

from shopkit.app import ServiceApp
from storefront import money, orders_view, search
from storefront.assets import Assets
from storefront.cookies import SESSION_SECONDS, ShopSessions
from storefront.pages.account_pages import account_pages
from storefront.pages.basket_pages import basket_pages
from storefront.pages.browse import browse
from storefront.pages.checkout_pages import checkout_pages
from storefront.pages.errors import error_page
from storefront.pages.layout import HEADERS
from storefront.pages.sign_in_pages import sign_in_pages
from storefront.settings import StorefrontSettings, split_keys
from storefront.shop import EXTENSION, Shop
from storefront.shopper import keep_tokens

_PAGES = (browse, basket_pages, checkout_pages, sign_in_pages, account_pages)


def pages(app: ServiceApp, shop: Shop) -> None:
    """Add everything that a browser sees."""
    _configure(app, shop.settings)
    app.extensions[EXTENSION] = shop
    app.session_interface = ShopSessions()
    CSRFProtect(app)
    keep_tokens(app)
    assets = Assets()
    _prepare_templates(app, shop.settings, assets)
    app.error_page = error_page
    app.register_blueprint(assets.blueprint())
    for blueprint in _PAGES:
        app.register_blueprint(blueprint)
    app.after_request(_protect)


def _configure(app: ServiceApp, settings: StorefrontSettings) -> None:
    newest, *older = split_keys(settings.session_key)
    app.config.update(
        SECRET_KEY=newest,
        SECRET_KEY_FALLBACKS=older,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=SESSION_SECONDS),
        # A response that has nothing to say about the session leaves the cookie of a later one alone.
        SESSION_REFRESH_EACH_REQUEST=False,
        # The last of these signs: forms that were made before a rotation still work after it.
        WTF_CSRF_SECRET_KEY=[*reversed(older), newest],
        # A form is good for as long as the session that it was made in.
        WTF_CSRF_TIME_LIMIT=None,
        # The token is bound to a signed, host-only cookie: browsers that send no Referer can shop as well.
        WTF_CSRF_SSL_STRICT=False,
        TRUSTED_PROXIES=settings.trusted_proxies,
        MAX_FORM_PARTS=200,
    )


def _prepare_templates(app: ServiceApp, settings: StorefrontSettings, assets: Assets) -> None:
    jinja = app.jinja_env
    jinja.trim_blocks = jinja.lstrip_blocks = True
    jinja.filters |= {
        "money": money.show,
        "category": search.category_name,
        "day": orders_view.day,
        "clock": orders_view.clock,
    }
    jinja.globals |= {
        "shop_title": settings.title,
        "currency": settings.currency,
        "asset": assets.address,
        "said": _said,
    }
    for name in jinja.list_templates():
        jinja.get_template(name)


def _said() -> list[str]:
    """Return the messages for the shopper, who sees them once: a page with some is not to be kept."""
    messages = get_flashed_messages()
    g.said = bool(messages)
    return [str(message) for message in messages]


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
