"""The routes of the orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request

from orders import refusals
from orders.carts import Cart, Carts
from orders.checkout import Checkout
from orders.domain import Line, Order, Wanted, total_of
from orders.models import CartView, NewCart, NewOrder, OrderPage, OrderView, Payment
from orders.repository import OrderRepository
from orders.saga import State, shown
from shopkit import pagination, problems
from shopkit.auth import User, require_user
from shopkit.pagination import PageQuery
from shopkit.routing import Api, Reply


@dataclass(frozen=True)
class Desk:
    """What the handlers work with."""

    orders: OrderRepository
    checkout: Checkout
    carts: Carts


api: Api[Desk] = Api("orders")
_KEY = "Idempotency-Key"
_MAX_KEY = 255
_TOO_LATE = "Another service did not answer in time. The order stays where it is: send the request again."
_PLACING = {
    409: "There is too little stock (`insufficient-stock`): `errors` says what is available, the order is rejected.",
    422: "Fields are unknown, missing or wrong, products unknown (`errors` names them), "
    "or the key was used for another request (`idempotency-key-reused`).",
    504: _TOO_LATE,
}
_PAYING = {
    402: "The payment was declined (`payment-declined`): the order has failed, its stock is given back.",
    403: "Only who placed an order may pay it.",
    404: "There is no such order, or it is somebody else's.",
    409: "The order is not one to be paid (`order-not-payable`), its time is over (`order-expired`), or it is being "
    "paid with another method (`payment-in-progress`).",
    504: _TOO_LATE,
}
_CANCELLING = {
    404: "There is no such order, or it is somebody else's.",
    409: "The order is being paid (`payment-in-progress`), or has ended already (`order-not-cancellable`).",
    504: _TOO_LATE,
}


@api.post(
    "/api/v1/orders",
    body=NewOrder,
    responses={201: OrderView},
    auth=require_user,
    problems=_PLACING,
    headers={_KEY: "Up to 255 characters of the client's choice; requests with the same key place one order."},
)
def place_order(desk: Desk, body: NewOrder, user: User) -> Reply:
    """Place an order.

    Copies name and price of each product and reserves the stock; the order then waits for its payment. Sent again
    with the same Idempotency-Key, it gives the same answer, and completes an order that was interrupted.
    """
    wanted = [Wanted(line.product_id, line.quantity) for line in body.lines]
    order = desk.checkout.place(user.id, wanted, _idempotency_key())
    return Reply(_view(order), 201, {"Location": f"/api/v1/orders/{order.id}"})


@api.post(
    "/api/v1/orders/<id:order_id>/pay",
    body=Payment,
    responses={200: OrderView},
    auth=require_user,
    problems=_PAYING,
    headers={_KEY: "Not needed, and without effect: an order is charged at most once."},
)
def pay_order(desk: Desk, order_id: str, body: Payment, user: User) -> dict[str, Any]:
    """Pay an order.

    Sent again, it completes a payment that was interrupted; a confirmed order stays as it is.
    """
    order = _find(desk, order_id, user)
    if order.user_id != user.id:
        raise problems.forbidden("Only who placed an order may pay it.")
    return _view(desk.checkout.pay(order, body.payment_method))


@api.post("/api/v1/orders/<id:order_id>/cancel", responses={200: OrderView}, auth=require_user, problems=_CANCELLING)
def cancel_order(desk: Desk, order_id: str, user: User) -> dict[str, Any]:
    """Cancel an order; administrators cancel everybody's.

    Before it is paid its stock is given back; a confirmed order is refunded, what was sold is not put back. Sent
    again, it completes a cancellation that was interrupted; a cancelled order stays as it is.
    """
    return _view(desk.checkout.cancel(_find(desk, order_id, user)))


@api.get("/api/v1/orders", query=PageQuery, responses={200: OrderPage}, auth=require_user)
def list_orders(desk: Desk, query: PageQuery, user: User) -> dict[str, Any]:
    """List one's own orders, the newest first."""
    found = desk.orders.page(user.id, query.cursor, query.limit)
    return pagination.page([_view(order) for order in found], query.limit)


@api.get(
    "/api/v1/orders/<id:order_id>",
    responses={200: OrderView},
    auth=require_user,
    problems={404: "There is no such order, or it is somebody else's."},
)
def get_order(desk: Desk, order_id: str, user: User) -> dict[str, Any]:
    """Get one order; administrators get everybody's."""
    return _view(_find(desk, order_id, user))


@api.get("/api/v1/cart", responses={200: CartView}, auth=require_user)
def get_cart(desk: Desk, user: User) -> dict[str, Any]:
    """Get one's own cart."""
    return _cart_view(desk.carts.get(user.id), desk.carts.currency)


@api.put(
    "/api/v1/cart",
    body=NewCart,
    responses={200: CartView},
    auth=require_user,
    problems={504: "Products did not answer in time. The cart stays as it is: send the request again."},
)
def put_cart(desk: Desk, body: NewCart, user: User) -> dict[str, Any]:
    """Replace one's own cart.

    Every product must exist. Nothing is reserved: the stock is looked at when the order is placed.
    """
    wanted = [Wanted(line.product_id, line.quantity) for line in body.lines]
    return _cart_view(desk.carts.put(user.id, wanted), desk.carts.currency)


@api.delete("/api/v1/cart", responses={204: None}, auth=require_user)
def clear_cart(desk: Desk, user: User) -> None:
    """Empty one's own cart; placing an order does not."""
    desk.carts.clear(user.id)


def _find(desk: Desk, order_id: str, user: User) -> Order:
    order = desk.orders.get(order_id)
    if order is None or not (user.is_admin or order.user_id == user.id):
        raise refusals.no_such_order(order_id)
    return order


def _idempotency_key() -> str | None:
    key = request.headers.get(_KEY)
    if key is None or (0 < len(key) <= _MAX_KEY and key.isascii() and key.isprintable()):
        return key
    detail = f"must be 1 to {_MAX_KEY} printable ASCII characters"
    raise problems.invalid([{"field": _KEY, "detail": detail}])


def _view(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "user_id": order.user_id,
        "status": shown(order.state),
        "lines": [_line_view(line) for line in order.lines],
        "total": order.total,
        "currency": order.currency,
        "expires_at": order.expires_at if shown(order.state) is State.RESERVED else None,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
    }


def _cart_view(cart: Cart, currency: str) -> dict[str, Any]:
    return {
        "lines": [_line_view(line) for line in cart.lines],
        "total": total_of(cart.lines),
        "currency": currency,
        "updated_at": cart.updated_at,
    }


def _line_view(line: Line) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "total": line.total,
    }
