"""The shopper's account and orders."""

from __future__ import annotations

import re

from flask import Response, abort, flash, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from storefront import forms
from storefront.clients.accounts import Profile, waiting_time
from storefront.clients.answers import Refused, SignedOut
from storefront.forms import Faults, PasswordChange
from storefront.pages.errors import blueprint
from storefront.pages.layout import page, see
from storefront.shop import shop
from storefront.shopper import address, shopper

account_pages = blueprint("account")
_CURSOR = re.compile("[A-Za-z0-9_=-]{1,500}")


@account_pages.get("/account")
def show() -> Response:
    """The account."""
    return _account(_profile())


@account_pages.post("/account/name")
def rename() -> AnyResponse:
    """Change the name."""
    token, name = shopper().token(), request.form.get("name", "").strip()
    wrong = forms.name_fault(name)
    faults = forms.fault("name", wrong) if wrong else Faults()
    if not faults:
        try:
            shop().accounts.rename(token, name)
        except Refused as refused:
            if refused.status != 422:
                raise
            faults = forms.from_service(refused.errors, ("name",))
    if faults:
        return _account(_profile(), faults, name=name)
    flash("Your name is changed.")
    return see(url_for("account.show"))


@account_pages.post("/account/password")
def change_password() -> AnyResponse:
    """Change the password. That ends all sessions, so a new one is begun."""
    token = shopper().token()
    filled = PasswordChange(request.form.get("old_password", ""), request.form.get("password", ""))
    profile = _profile()
    faults = filled.faults() or _change_password(token, filled)
    if faults:
        return _account(profile, faults)
    try:
        shopper().sign_in(shop().accounts.sign_in(profile.email, filled.password, address()))
    except (SignedOut, Refused):
        shopper().sign_out()
    flash("Your password is changed.")
    return see(url_for("account.show"))


@account_pages.get("/account/delete")
def ask_to_delete() -> Response:
    """Ask whether the account is really to be deleted."""
    shopper().token()
    return page("account_delete.html", private=True, faults=Faults())


@account_pages.post("/account/delete")
def delete() -> AnyResponse:
    """Delete the account."""
    token = shopper().token()
    if request.form.get("sure") != "yes":
        faults = forms.fault("sure", "Tick the box if you are sure.")
        return page("account_delete.html", 422, private=True, faults=faults)
    shop().accounts.remove(token)
    shopper().sign_out()
    session.clear()
    flash("Your account is deleted. Farewell.")
    return see("/")


@account_pages.get("/account/orders")
def orders() -> Response:
    """The orders, the newest first."""
    cursor = request.args.get("after", "")
    if cursor and not _CURSOR.fullmatch(cursor):
        abort(404)
    try:
        found, following = shop().purchases.orders(shopper().token(), cursor)
    except Refused as refused:
        if refused.status != 422:
            raise
        abort(404)
    next_page = url_for("account.orders", after=following) if following else None
    return page("orders.html", private=True, orders=found, next_page=next_page, later=bool(cursor))


@account_pages.get("/account/orders/<id:order_id>")
def order(order_id: str) -> Response:
    """An order."""
    return page("order.html", private=True, order=shop().purchases.order(shopper().token(), order_id))


@account_pages.get("/account/orders/<id:order_id>/cancel")
def ask_to_cancel(order_id: str) -> AnyResponse:
    """Ask whether an order is really to be cancelled."""
    found = shop().purchases.order(shopper().token(), order_id)
    if not found.cancellable:
        return see(url_for("account.order", order_id=order_id))
    return page("order_cancel.html", private=True, order=found)


@account_pages.post("/account/orders/<id:order_id>/cancel")
def cancel(order_id: str) -> AnyResponse:
    """Cancel an order."""
    try:
        cancelled = shop().purchases.cancel(shopper().token(), order_id)
    except Refused as refused:
        if refused.status != 409:
            raise
        flash("This order cannot be cancelled any more, or not at this moment.")
    else:
        done = cancelled.status == "cancelled"
        flash("The order is cancelled." if done else "The order is being cancelled.")
    return see(url_for("account.order", order_id=order_id))


def _profile() -> Profile:
    return shop().accounts.profile(shopper().token())


def _account(profile: Profile, faults: Faults | None = None, name: str | None = None) -> Response:
    shown = profile.name if name is None else name
    status = 422 if faults else 200
    return page("account.html", status, private=True, profile=profile, name=shown, faults=faults or Faults())


def _change_password(token: str, filled: PasswordChange) -> Faults:
    try:
        shop().accounts.change_password(token, filled.old_password, filled.password, address())
    except Refused as refused:
        if refused.status == 403:
            return forms.fault("old_password", "This is not your present password.")
        if refused.status == 429:
            return forms.fault("", f"That was wrong too often. Wait {waiting_time(refused)}, then try again.")
        if refused.status == 422:
            return forms.from_service(refused.errors, ("old_password", "password"))
        raise
    return Faults()
