"""What all pages have in common."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Response, g, make_response, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from storefront import baskets
from storefront.clients.answers import NO_ANSWER
from storefront.clients.catalogue import Category
from storefront.shop import shop
from storefront.shopper import shopper

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' https:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def page(template: str, status: int = 200, *, private: bool = False, **values: Any) -> Response:
    """Return a page.

    Args:
        template: its file.
        status: of the response.
        private: shows what is the shopper's own: no cache keeps it, the browser's neither.
        values: for the template.
    """
    values.setdefault("shelves_nav", _categories())
    html = render_template(template, signed_in=shopper().signed_in, basket_count=baskets.count(), **values)
    response = make_response(html, status)
    if private or status != 200 or g.get("said"):
        response.headers["Cache-Control"] = "no-store"
        return response
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(_tag(html))
    response.make_conditional(request)
    return response


def see(address: str) -> AnyResponse:
    """Return a redirect after a form: the browser gets the address, and a reload sends nothing again."""
    return redirect(address, 303)


def _categories() -> tuple[Category, ...]:
    """Return the categories for the navigation; a page does without them as well."""
    try:
        return shop().catalogue.categories()
    except NO_ANSWER:
        return ()


def _tag(html: str) -> str:
    """Return the page's ETag. Tokens against forgery differ each time although they mean the same."""
    token = g.get("csrf_token")
    if token:
        html = html.replace(token, str(session.get("csrf_token")))
    return hashlib.sha256(html.encode()).hexdigest()[:24]
