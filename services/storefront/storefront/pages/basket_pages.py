"""The basket."""

from __future__ import annotations

from flask import Response, abort, flash, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from shopkit.ids import is_id
from storefront import baskets
from storefront.basket import MAX_QUANTITY, Basket, BasketFull
from storefront.basket_view import BasketView, view
from storefront.forms import quantity
from storefront.pages.browse import related
from storefront.pages.errors import blueprint
from storefront.pages.layout import page, see
from storefront.shop import shop

basket_pages = blueprint("basket")


@basket_pages.get("/basket")
def show() -> Response:
    """What is in it, and what goes with that."""
    basket = baskets.current()
    together = shop().recommendations.begin(basket.product_ids, limit=8) if basket else None
    seen = look_at(basket)
    others = related(together(), without=basket.product_ids) if together else []
    return page("basket.html", private=True, basket=seen, together=others)


@basket_pages.post("/basket/add")
def add() -> AnyResponse:
    """Put pieces of a product in."""
    product_id = request.form.get("product", "").lower()
    wanted = quantity(request.form.get("quantity", "1"), MAX_QUANTITY)
    if not is_id(product_id) or not wanted:
        abort(400)
    product = shop().catalogue.product(product_id)
    if product is None:
        abort(404)
    try:
        baskets.save(baskets.current().add(product_id, wanted))
    except BasketFull:
        flash("Your basket is full. Order what is in it first, or take something out.")
        return see(url_for("basket.show"))
    flash(f"{product.name} is in your basket{f', {wanted} times' if wanted > 1 else ''}.")
    return see(url_for("basket.show"))


@basket_pages.post("/basket/update")
def update() -> AnyResponse:
    """Change quantities; none takes a product out."""
    typed = {field[2:]: quantity(text, MAX_QUANTITY) for field, text in request.form.items() if field.startswith("q-")}
    known = {product_id: number for product_id, number in typed.items() if number is not None}
    _change(baskets.current().change(known))
    flash("Your basket is up to date." if len(known) == len(typed) else "Enter quantities as whole numbers.")
    return see(url_for("basket.show"))


@basket_pages.post("/basket/remove")
def remove() -> AnyResponse:
    """Take a product out."""
    _change(baskets.current().without([request.form.get("product", "")]))
    flash("It is out of your basket.")
    return see(url_for("basket.show"))


@basket_pages.post("/basket/fit")
def fit() -> AnyResponse:
    """Take as many as are left of what there is too little of."""
    basket = baskets.current()
    wanted = {item.product_id: item.quantity for item in basket.items}
    left = {s.product_id: min(s.available, wanted.get(s.product_id, 0)) for s in baskets.shortages()}
    _change(basket.change(left))
    flash("Your basket now has what is left.")
    return see(url_for("basket.show"))


def look_at(basket: Basket) -> BasketView:
    """Return how a basket is shown; products that do not exist any more leave it, and the shopper is told."""
    products = shop().catalogue.products(basket.product_ids) if basket else {}
    seen = view(basket, products, shop().settings.currency, baskets.shortages())
    if seen.gone:
        baskets.save(basket.without(seen.gone))
        flash("Something in your basket is no longer sold, and was taken out.")
    return seen


def _change(basket: Basket) -> None:
    baskets.save(basket)
    baskets.forget_shortages()
