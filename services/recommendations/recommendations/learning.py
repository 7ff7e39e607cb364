"""What order events teach."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from recommendations import repository
from recommendations.answering import Recommender
from shopkit.database import Transaction
from shopkit.ids import Id
from shopkit.messaging.consumer import Consumer
from shopkit.messaging.events import EventData, Received


@dataclass(frozen=True)
class Assistant:
    """What the service works with: it learns and it answers.

    Attributes:
        recommender: answers gRPC calls.
        order_max_products: how many products of one order are learned from.
    """

    recommender: Recommender
    order_max_products: int


class Line(EventData):
    """A line of an order."""

    product_id: Id


class Confirmed(EventData):
    """What is read of `order.confirmed`."""

    order_id: Id
    lines: list[Line] = Field(max_length=1000)


class Cancelled(EventData):
    """What is read of `order.cancelled`."""

    order_id: Id
    refunded: bool


consumer: Consumer[Assistant] = Consumer()


@consumer.on("order.confirmed", Confirmed)
def learn(assistant: Assistant, tx: Transaction, event: Received[Confirmed]) -> None:
    """Count what was bought, and what with what."""
    product_ids = list(dict.fromkeys(line.product_id for line in event.data.lines))
    repository.count_order(tx, event.data.order_id, product_ids[: assistant.order_max_products])


@consumer.on("order.cancelled", Cancelled)
def unlearn(_assistant: Assistant, tx: Transaction, event: Received[Cancelled]) -> None:
    """Take back what a refunded order taught; what was never paid has taught nothing."""
    if event.data.refunded:
        repository.return_order(tx, event.data.order_id)
