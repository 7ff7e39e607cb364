"""What events of other services do here. They may come in any order, and each takes effect once."""

from __future__ import annotations

from typing import Any

import structlog

from notifications import contacts, inbox
from notifications.desk import Desk
from notifications.events import OrderCancelled, OrderEnded, UserGone, UserKnown
from notifications.inbox import News
from notifications.kinds import Kind
from shopkit.database import Transaction
from shopkit.messaging.consumer import Consumer
from shopkit.messaging.events import Received

_log = structlog.get_logger(__name__)
consumer: Consumer[Desk] = Consumer()


@consumer.on("user.registered", UserKnown)
def welcome(_desk: Desk, tx: Transaction, event: Received[UserKnown]) -> None:
    """Take note of the address, and say welcome."""
    user = event.data
    contacts.know(tx, user.user_id, user.email, user.name, event.time)
    _tell(tx, event, user.user_id, Kind.WELCOME, {})


@consumer.on("user.updated", UserKnown)
def know(_desk: Desk, tx: Transaction, event: Received[UserKnown]) -> None:
    """Take note of the address."""
    contacts.know(tx, event.data.user_id, event.data.email, event.data.name, event.time)


@consumer.on("user.deleted", UserGone)
def erase(_desk: Desk, tx: Transaction, event: Received[UserGone]) -> None:
    """Forget the user."""
    contacts.erase(tx, event.data.user_id)
    _log.info("a user was erased", user_id=event.data.user_id)


@consumer.on("order.confirmed", OrderEnded)
def confirmed(_desk: Desk, tx: Transaction, event: Received[OrderEnded]) -> None:
    """Confirm the order."""
    _tell(tx, event, event.data.user_id, Kind.ORDER_CONFIRMED, event.data.kept())


@consumer.on("order.payment_failed", OrderEnded)
def payment_failed(_desk: Desk, tx: Transaction, event: Received[OrderEnded]) -> None:
    """Say that the payment failed."""
    _tell(tx, event, event.data.user_id, Kind.PAYMENT_FAILED, event.data.kept())


@consumer.on("order.cancelled", OrderCancelled)
def cancelled(_desk: Desk, tx: Transaction, event: Received[OrderCancelled]) -> None:
    """Say that the order is cancelled."""
    _tell(tx, event, event.data.user_id, Kind.ORDER_CANCELLED, event.data.kept())


@consumer.on("order.expired", OrderEnded)
def expired(_desk: Desk, tx: Transaction, event: Received[OrderEnded]) -> None:
    """Say that the order has expired."""
    _tell(tx, event, event.data.user_id, Kind.ORDER_EXPIRED, event.data.kept())


def _tell(tx: Transaction, event: Received[Any], user_id: str, kind: Kind, data: dict[str, Any]) -> None:
    if not inbox.tell(tx, News(event.id, user_id, kind, data, event.time)):
        _log.info("nobody was told: the user is gone, or was told before", event_id=event.id, kind=kind)
