"""Errors as pages: what happened, and what the shopper can do."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from shopkit.problems import Problem
from storefront import baskets
from storefront.clients.answers import Refused, SignedOut
from storefront.shop import shop
from storefront.shopper import shopper

_NOT_FOUND = ("This shelf is empty", "There is no page at this address. It may have moved, or it never existed.")
_BUSY = (
    "We need a moment",
    "Part of the shop does not answer just now. Your basket is safe. Wait a few seconds, then try again.",
)
_TEXTS = {
    400: (
        "This page was open for too long",
        "What you sent does not belong to your visit. Go back, reload the page and try again; cookies are needed.",
    ),
    404: _NOT_FOUND,
    405: ("This does not work here", "The page cannot be used in this way. Go back and try again."),
    413: ("That was too much", "What you sent is larger than the shop accepts."),
    429: ("That was too fast", "Wait a little, then try again."),
    503: _BUSY,
    504: _BUSY,
}
_OTHER = (
    "Something went wrong",
    "The fault is ours, and has been noted. Your basket is safe. Try again, or come back a little later.",
)


def error_page(problem: Problem) -> Response:
    """Return the page of an error. It asks no service for anything."""
    title, text = _TEXTS.get(problem.status, _OTHER)
    html = render_template(
        "error.html",
        title=title,
        text=text,
        status=problem.status,
        again=_again() if problem.status >= 500 else None,
        signed_in=shopper().signed_in,
        basket_count=baskets.count(),
        shelves_nav=shop().catalogue.known_categories(),
    )
    response = make_response(html, problem.status, problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def _again() -> str:
    """Return the page to try again from: the one that failed, or the one with the form that was sent."""
    path, pages = request.path, current_app.url_map.bind("")
    while path and "GET" not in pages.allowed_methods(path):
        path = path.rpartition("/")[0]
    return path or "/"


def blueprint(name: str) -> Blueprint:
    """Return a blueprint for pages; what services refuse becomes a page or leads to the sign-in."""
    made = Blueprint(name, __name__)
    made.register_error_handler(SignedOut, _signed_out)
    made.register_error_handler(Refused, _refused)
    return made


def _signed_out(_error: SignedOut) -> AnyResponse:
    """Lead a shopper whose session has ended to the sign-in, and from there back."""
    if shopper().signed_in:
        shopper().sign_out()
        baskets.forget_account()
    back = request.full_path.rstrip("?") if request.method == "GET" else url_for("basket.show")
    return redirect(url_for("sign_in.form", next=back), 303)


def _refused(error: Refused) -> Response:
    """Return the page for a refusal that no page has expected."""
    status = error.status if error.status in (404, 429) else 500
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    return error_page(Problem(status, error.slug or "refused", str(error), str(error), headers=headers))
