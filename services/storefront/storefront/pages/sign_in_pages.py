"""Signing up, in and out."""

from __future__ import annotations

from flask import Response, flash, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from shopkit.upstream import UpstreamError
from storefront import baskets, forms, targets
from storefront.clients.accounts import waiting_time
from storefront.clients.answers import Refused, SignedOut
from storefront.forms import Faults, SignIn, SignUp
from storefront.pages.errors import blueprint
from storefront.pages.layout import page, see
from storefront.shop import shop
from storefront.shopper import address, shopper

sign_in_pages = blueprint("sign_in")
_HOME = "/"


@sign_in_pages.get("/sign-in")
def form() -> AnyResponse:
    """The form of signing in."""
    target = targets.local(request.args.get("next"), _HOME)
    if shopper().signed_in:
        return see(target)
    return _sign_in(SignIn(), target)


@sign_in_pages.post("/sign-in")
def enter() -> AnyResponse:
    """Sign in."""
    filled = SignIn(request.form.get("email", "").strip(), request.form.get("password", ""))
    target = targets.local(request.form.get("next"), _HOME)
    faults, status = filled.faults() or _begin(filled.email, filled.password), 422
    if faults:
        return _sign_in(filled, target, faults, status)
    return see(target)


@sign_in_pages.get("/sign-up")
def new() -> AnyResponse:
    """The form of signing up."""
    target = targets.local(request.args.get("next"), _HOME)
    if shopper().signed_in:
        return see(target)
    return _sign_up(SignUp(), target)


@sign_in_pages.post("/sign-up")
def join() -> AnyResponse:
    """Sign up, and in."""
    values = request.form
    filled = SignUp(values.get("name", "").strip(), values.get("email", "").strip(), values.get("password", ""))
    target = targets.local(values.get("next"), _HOME)
    faults = filled.faults() or _register(filled)
    if faults:
        return _sign_up(filled, target, faults)
    flash("Your account is ready.")
    if not shopper().signed_in and _begin(filled.email, filled.password):
        return see(url_for("sign_in.form", next=target))
    return see(target)


@sign_in_pages.post("/sign-out")
def leave() -> AnyResponse:
    """Sign out."""
    tokens = shopper().tokens
    if tokens is not None:
        shop().accounts.sign_out(tokens.refresh)
    shopper().sign_out()
    session.clear()
    flash("You are signed out.")
    return see(_HOME)


def _register(filled: SignUp) -> Faults:
    try:
        shop().accounts.register(filled.name, filled.email, filled.password)
    except Refused as refused:
        if refused.status == 409:
            # The form may have been sent twice, or the first answer got lost: then this is the account that it made.
            if not _begin(filled.email, filled.password):
                return Faults()
            return forms.fault("email", "There is an account with this address already. Sign in instead.")
        if refused.status == 422:
            return forms.from_service(refused.errors, ("name", "email", "password"))
        raise
    return Faults()


def _begin(email: str, password: str) -> Faults:
    """Sign in; the basket joins the account's cart. Returns why not."""
    try:
        tokens = shop().accounts.sign_in(email, password, address())
    except SignedOut:
        return forms.fault("email", "The e-mail address or the password is wrong.")
    except Refused as refused:
        if refused.status == 429:
            wait = waiting_time(refused)
            return forms.fault("", f"That was wrong too often. Wait {wait}, then try again.")
        if refused.status == 422:
            return forms.fault("email", "The e-mail address or the password is wrong.")
        raise
    shopper().sign_in(tokens)
    try:
        baskets.current()
    except UpstreamError:
        # The next look at the basket tries again; until then what was put in stays in the session.
        flash("You are signed in. Your basket follows in a moment.")
    return Faults()


def _sign_in(filled: SignIn, target: str, faults: Faults | None = None, status: int = 200) -> Response:
    return page("sign_in.html", status, private=True, form=filled, next=target, faults=faults or Faults())


def _sign_up(filled: SignUp, target: str, faults: Faults | None = None) -> Response:
    status = 422 if faults else 200
    return page("sign_up.html", status, private=True, form=filled, next=target, faults=faults or Faults())
