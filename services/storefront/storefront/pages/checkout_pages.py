"""From the basket to the paid order.

Nothing is ordered or paid twice: the order form holds a key that belongs to what it shows, see `storefront.purchase`,
and an order is charged at most once. Each form leads to a page that can be reloaded.
"""

from __future__ import annotations

import structlog
from flask import Response, abort, flash, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from shopkit.ids import is_id
from shopkit.upstream import UpstreamError
from storefront import basket as baskets_of
from storefront import baskets, forms, money, purchase
from storefront.basket import Basket, Item
from storefront.clients.answers import Refused
from storefront.forms import Faults
from storefront.orders_view import CARDS, Order, shortages_of
from storefront.pages.basket_pages import look_at
from storefront.pages.errors import blueprint
from storefront.pages.layout import page, see
from storefront.shop import shop
from storefront.shopper import shopper

checkout_pages = blueprint("checkout")
_log = structlog.get_logger(__name__)
_TITLES = {
    "confirmed": "Thank you, it is yours",
    "payment_failed": "The card was declined",
    "expired": "The time to pay is over",
    "rejected": "Somebody was faster",
    "paying": "The payment is on its way",
    "created": "One moment",
    "cancelled": "This order was cancelled",
    "cancelling": "This order is being cancelled",
}


@checkout_pages.get("/checkout")
def check() -> AnyResponse:
    """What would be ordered."""
    shopper().token()
    basket = baskets.current()
    seen = look_at(basket)
    if not seen.lines:
        return see(url_for("basket.show"))
    lines = baskets_of.form_lines(basket.without(seen.gone))
    return page("checkout.html", private=True, basket=seen, lines=lines, key=purchase.key_for(session, lines))


@checkout_pages.post("/checkout")
def place() -> AnyResponse:
    """Order what the form has shown."""
    token = shopper().token()
    wanted = baskets_of.parse_lines(request.form.get("lines", ""))
    key = request.form.get("key", "")
    if wanted is None or not is_id(key):
        abort(400)
    try:
        order = shop().purchases.place(token, wanted, key)
    except Refused as refused:
        return _not_placed(refused)
    purchase.placed(session, order.id)
    if request.form.get("total", "") != str(order.total):
        flash(f"Prices have changed since you looked: the total is {money.show(order.total, order.currency)}.")
    return see(url_for("checkout.state", order_id=order.id))


@checkout_pages.get("/checkout/<id:order_id>")
def state(order_id: str) -> Response:
    """How an order stands: to be paid, or what has become of it."""
    return _show(_order(order_id))


@checkout_pages.post("/checkout/<id:order_id>/pay")
def pay(order_id: str) -> AnyResponse:
    """Pay an order."""
    card = request.form.get("card", "")
    if card not in CARDS:
        return _show(_order(order_id), forms.fault("card", "Choose a card."), status=422)
    try:
        shop().purchases.pay(shopper().token(), order_id, card)
    except Refused as refused:
        # 402 and 409: how the order stands says it all, and the next page shows that.
        if refused.status not in (402, 409):
            raise
    except UpstreamError as error:
        # Whether it is paid is not known; the order knows, sooner or later.
        if not error.maybe_done:
            raise
        _log.warning("a payment has no answer yet", order_id=order_id, cause=error.detail)
    return see(url_for("checkout.state", order_id=order_id))


def _order(order_id: str) -> Order:
    return shop().purchases.order(shopper().token(), order_id)


def _show(order: Order, faults: Faults | None = None, status: int = 200) -> Response:
    if order.status == "confirmed" and purchase.is_of(session, order.id):
        _clear(order)
    if order.failed and purchase.is_of(session, order.id):
        purchase.end(session)
    lines = baskets_of.form_lines(Basket(tuple(Item(line.product_id, line.quantity) for line in order.lines)))
    return page(
        "order_state.html",
        status,
        private=True,
        order=order,
        titles=_TITLES,
        cards=CARDS,
        faults=faults or Faults(),
        lines=lines,
        key=purchase.key_for(session, lines) if order.failed else "",
    )


def _clear(order: Order) -> None:
    """Take what was bought out of the basket. If that cannot be done now, the next look at the order tries again."""
    try:
        basket = baskets.current()
        bought = basket.without(line.product_id for line in order.lines)
        if bought != basket:
            baskets.save(bought)
    except UpstreamError as error:
        _log.warning("a basket still has what was bought", order_id=order.id, cause=error.detail)
    else:
        purchase.end(session)


def _not_placed(refused: Refused) -> AnyResponse:
    purchase.end(session)
    if refused.slug == "insufficient-stock":
        baskets.note_shortages(shortages_of(list(refused.errors)))
    elif refused.slug == "idempotency-key-reused":
        flash("Your basket has changed since you looked. Check it again.")
    elif refused.status == 422:
        flash("Something in your basket cannot be ordered any more. Check it again.")
    else:
        raise refused
    return see(url_for("basket.show"))
