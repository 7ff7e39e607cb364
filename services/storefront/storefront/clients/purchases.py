"""The service `orders`: cart and orders of a shopper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from shopkit.upstream import Upstream
from storefront.basket import Basket, Item, api_lines
from storefront.clients.answers import bearer, body_of
from storefront.orders_view import Line, Order, line_of, order_of

_CART = "/api/v1/cart"
_ORDERS = "/api/v1/orders"


@dataclass(frozen=True, slots=True)
class Cart:
    """The cart of an account, with names and prices of when it was put."""

    lines: tuple[Line, ...]

    @property
    def basket(self) -> Basket:
        """What is in it."""
        return Basket(tuple(Item(line.product_id, line.quantity) for line in self.lines))


class Purchases:
    """Reads and writes the cart, places, pays and cancels orders. A token says whose.

    All of these raise SignedOut when the token is not good any more, and UpstreamError.

    Args:
        orders: the service.
    """

    def __init__(self, orders: Upstream) -> None:
        self._orders = orders

    def cart(self, token: str) -> Cart:
        """Return the cart."""
        return _cart(self._call("GET", _CART, token))

    def put_cart(self, token: str, basket: Basket) -> Cart:
        """Replace the cart. Raises Refused: 422 names products that do not exist."""
        if not basket:
            self._call("DELETE", _CART, token)
            return Cart(())
        return _cart(self._call("PUT", _CART, token, {"lines": api_lines(basket)}))

    def place(self, token: str, basket: Basket, key: str) -> Order:
        """Place an order; the same key gives the same order.

        Raises:
            Refused: 409 `insufficient-stock`; 422 products do not exist, or the key belongs to other lines.
        """
        headers = {**bearer(token), "Idempotency-Key": key}
        body = {"lines": api_lines(basket)}
        return order_of(body_of(self._orders.call("POST", _ORDERS, body, idempotent=True, headers=headers)))

    def pay(self, token: str, order_id: str, card: str) -> Order:
        """Pay an order; it is charged at most once.

        Raises:
            Refused: 402 declined; 404; 409 it cannot be paid.
        """
        path = f"{_ORDERS}/{order_id}/pay"
        return order_of(self._call("POST", path, token, {"payment_method": card}, idempotent=True))

    def cancel(self, token: str, order_id: str) -> Order:
        """Cancel an order. Raises Refused: 404; 409 it cannot be cancelled."""
        return order_of(self._call("POST", f"{_ORDERS}/{order_id}/cancel", token, idempotent=True))

    def order(self, token: str, order_id: str) -> Order:
        """Return an order. Raises Refused: 404."""
        return order_of(self._call("GET", f"{_ORDERS}/{order_id}", token))

    def orders(self, token: str, cursor: str) -> tuple[tuple[Order, ...], str | None]:
        """Return a page of orders, the newest first, and where the next begins."""
        query = {"limit": 10, "cursor": cursor} if cursor else {"limit": 10}
        body = self._call("GET", f"{_ORDERS}?{urlencode(query)}", token)
        return tuple(order_of(item) for item in body["items"]), body["next_cursor"]

    def _call(self, method: str, path: str, token: str, body: Any = None, *, idempotent: bool = False) -> Any:
        return body_of(self._orders.call(method, path, body, idempotent=idempotent, headers=bearer(token)))


def _cart(body: Any) -> Cart:
    return Cart(tuple(line_of(line) for line in body["lines"]))
