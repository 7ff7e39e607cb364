"""What orders tell the other services: one event for each transition that ends an order, see `of`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from orders.domain import Order
from orders.saga import State
from shopkit.ids import Id
from shopkit.messaging.events import Event


class Line(BaseModel):
    """Pieces of one product, with its name and price when it was ordered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    product_id: Id
    name: str
    quantity: int
    unit_price: int = Field(description="Price of one piece in minor units (cents).")
    total: int = Field(description="Price of all pieces in minor units.")


class _OrderEvent(Event):
    order_id: Id
    user_id: Id = Field(description="Who placed the order.")
    currency: str = Field(description="ISO 4217 code.")
    total: int = Field(description="Price of all lines in minor units (cents).")
    lines: list[Line]


class OrderConfirmed(_OrderEvent, key="order.confirmed", subject="order_id"):
    """An order is paid, and its pieces have left the stock."""


class OrderPaymentFailed(_OrderEvent, key="order.payment_failed", subject="order_id"):
    """An order was not paid: no money is kept, its pieces are given back."""


class OrderCancelled(_OrderEvent, key="order.cancelled", subject="order_id"):
    """An order was cancelled, before it was paid or after."""

    refunded: bool = Field(description="It was confirmed before; its money is given back.")


class OrderExpired(_OrderEvent, key="order.expired", subject="order_id"):
    """An order was not paid while its pieces were set aside."""


def of(before: State, order: Order) -> Event | None:
    """Return what is to be told of a step; None: nothing, the order has not ended, or never began (rejected).

    Args:
        before: the state that the order leaves.
        order: the order after it.
    """
    if order.state is State.CONFIRMED:
        return OrderConfirmed(**_told(order))
    if order.state is State.PAYMENT_FAILED:
        return OrderPaymentFailed(**_told(order))
    if order.state is State.CANCELLED:
        return OrderCancelled(**_told(order), refunded=before is State.REFUNDING)
    if order.state is State.EXPIRED:
        return OrderExpired(**_told(order))
    return None


def _told(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "user_id": order.user_id,
        "currency": order.currency,
        "total": order.total,
        "lines": [
            Line(
                product_id=line.product_id,
                name=line.name,
                quantity=line.quantity,
                unit_price=line.unit_price,
                total=line.total,
            )
            for line in order.lines
        ],
    }
