"""The answers of this service that are no success, as problems. No I/O."""

from __future__ import annotations

from orders.domain import Order
from orders.saga import State, shown
from shopkit import problems
from shopkit.problems import Problem

_WHY_NOT_PAYABLE = {
    State.CREATED: "its stock is not reserved yet; send the order again with the same Idempotency-Key",
    State.REJECTED: "there was too little stock for it; place a new order",
    State.PAYMENT_FAILED: "its payment was declined; place a new order",
    State.CANCELLING: "it is being cancelled; place a new order",
    State.CANCELLED: "it was cancelled; place a new order",
}
_WHY_NOT_CANCELLABLE = {
    State.CREATED: "there is too little stock for it, it is about to be rejected",
    State.REJECTED: "there was too little stock for it, nothing is reserved",
    State.RESERVED: "the time to pay it is over, its stock is being given back",
    State.PAYMENT_FAILED: "its payment was declined, nothing is reserved",
    State.EXPIRED: "it was not paid in time, nothing is reserved",
}


def insufficient_stock(order: Order) -> Problem:
    """409: the order is rejected; names each line with what was available when it was refused."""
    position = {line.product_id: index for index, line in enumerate(order.lines)}
    errors = [
        {
            "field": f"lines[{position[shortage.product_id]}].quantity",
            "detail": f"{shortage.requested} requested, {shortage.available} available",
            "product_id": shortage.product_id,
            "requested": shortage.requested,
            "available": shortage.available,
        }
        for shortage in order.shortages
    ]
    detail = f"Order {order.id} is rejected. Order at most what is available."
    return Problem(
        409,
        "insufficient-stock",
        "There is too little stock",
        detail,
        errors=errors,
        extensions={"order_id": order.id},
    )


def key_reused() -> Problem:
    """422: the Idempotency-Key belongs to another request."""
    return Problem(
        422,
        "idempotency-key-reused",
        "The Idempotency-Key was used for another request",
        "Send the same body as the first time, or a new key for a new order.",
        errors=[{"field": "Idempotency-Key", "detail": "was sent with another body before"}],
    )


def payment_declined(order: Order) -> Problem:
    """402: the payment was declined; the order has failed and its stock is given back."""
    return Problem(
        402,
        "payment-declined",
        "The payment was declined",
        f"Order {order.id} has failed, no money is kept and its stock is given back. Place a new order to pay in "
        "another way.",
    )


def not_payable(order: Order) -> Problem:
    """409: the order is not one that waits for its payment."""
    status = shown(order.state)
    detail = f"Order {order.id} is {status}: {_WHY_NOT_PAYABLE[status]}."
    return problems.conflict("order-not-payable", "The order cannot be paid", detail)


def expired(order: Order) -> Problem:
    """409: the order was not paid while its stock was reserved."""
    detail = f"Order {order.id} was not paid in time, its stock is given back. Place a new order."
    return problems.conflict("order-expired", "The time to pay the order is over", detail)


def not_cancellable(order: Order) -> Problem:
    """409: the order has ended, or is about to, in a way that leaves nothing to cancel."""
    status = shown(order.state)
    detail = f"Order {order.id} is {status}: {_WHY_NOT_CANCELLABLE[status]}."
    return problems.conflict("order-not-cancellable", "The order cannot be cancelled", detail)


def being_paid(order: Order) -> Problem:
    """409: whether the order is paid is not known yet."""
    detail = f"Order {order.id} is being paid. Try again when the outcome is known."
    return problems.conflict("payment-in-progress", "The order is being paid", detail)


def other_method(order: Order) -> Problem:
    """409: the order is being paid in another way, the outcome of which is not known yet."""
    return problems.conflict(
        "payment-in-progress",
        "The order is being paid already",
        f"Order {order.id} is being paid with {order.payment_method}: send that again to learn the outcome.",
    )


def of_later_release(order: Order) -> Problem:
    """503: a replica of a later release has taken the order to where this one cannot go on from."""
    detail = (
        f"Order {order.id} is at a step that this replica does not know, during an upgrade: send the request again."
    )
    return problems.unavailable("order-ahead", detail, retry_after=1)


def no_such_order(order_id: str) -> Problem:
    """404: there is none, or it is somebody else's."""
    return problems.not_found(f"There is no order {order_id}.")
