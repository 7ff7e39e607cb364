"""Where the basket is: in the session while signed out, in the account's cart when signed in."""

from __future__ import annotations

import re

from flask import flash, session

from storefront import basket as baskets
from storefront.basket import Basket
from storefront.clients.answers import Refused
from storefront.orders_view import Shortage
from storefront.shop import shop
from storefront.shopper import shopper

_BASKET, _COUNT, _SHORT = "basket", "count", "short"
# So that the cookie has room for them.
_MAX_SHORT = 20
_LINE = re.compile(r"lines\[(\d+)\]")


def current() -> Basket:
    """Return the basket; what was put in before signing in joins the account's cart.

    Raises:
        SignedOut: the session has ended.
        UpstreamError: the cart cannot be read or written; nothing is lost.
    """
    brought = _brought()
    if not shopper().signed_in:
        return brought
    kept = shop().purchases.cart(shopper().token()).basket
    if brought:
        merged = kept.merge(brought)
        kept = merged if merged == kept else _put(merged)
        session.pop(_BASKET, None)
    _note_count(kept)
    return kept


def save(basket: Basket) -> None:
    """Keep a changed basket. Raises SignedOut and UpstreamError."""
    if shopper().signed_in:
        _note_count(_put(basket))
    else:
        session.permanent = True
        session[_BASKET] = baskets.pack(basket)


def count() -> int:
    """Return how many pieces are in the basket, as far as that is known without asking."""
    brought = _brought().count
    return brought + int(session.get(_COUNT, 0)) if shopper().signed_in else brought


def forget_account() -> None:
    """Forget what the session knows of the account; what is not in its cart yet stays."""
    for key in (_COUNT, _SHORT, "checkout"):
        session.pop(key, None)


def note_shortages(shortages: tuple[Shortage, ...]) -> None:
    """Remember what an order was refused for."""
    session[_SHORT] = {s.product_id: s.available for s in shortages[:_MAX_SHORT]}


def shortages() -> tuple[Shortage, ...]:
    """Return what the last order was refused for."""
    noted = session.get(_SHORT)
    return tuple(Shortage(key, left) for key, left in noted.items()) if isinstance(noted, dict) else ()


def forget_shortages() -> None:
    """The basket has changed: what there was too little of has to be seen anew."""
    if _SHORT in session:
        session.pop(_SHORT)


def _note_count(basket: Basket) -> None:
    if session.get(_COUNT) != basket.count:
        session[_COUNT] = basket.count


def _brought() -> Basket:
    return baskets.unpack(session.get(_BASKET))


def _put(basket: Basket) -> Basket:
    """Put the cart; products that do not exist any more are left out, and the shopper is told."""
    token = shopper().token()
    try:
        return shop().purchases.put_cart(token, basket).basket
    except Refused as refused:
        numbers = [_LINE.match(str(error.get("field"))) for error in refused.errors]
        unknown = [basket.items[int(n[1])].product_id for n in numbers if n and int(n[1]) < len(basket.items)]
        if refused.status != 422 or not unknown:
            raise
        flash("Something in your basket is no longer sold, and was taken out.")
        return shop().purchases.put_cart(token, basket.without(unknown)).basket
