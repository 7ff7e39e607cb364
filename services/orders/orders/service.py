"""The definition of the service."""

from __future__ import annotations

from datetime import timedelta

from orders.carts import Carts
from orders.checkout import Checkout
from orders.clients import Catalogue, Stock, Till
from orders.domain import Claims
from orders.events import OrderCancelled, OrderConfirmed, OrderExpired, OrderPaymentFailed
from orders.repository import OrderRepository
from orders.routes import Desk, api
from orders.settings import OrdersSettings
from orders.worker import Worker
from shopkit.service import Runtime, Service


def build(runtime: Runtime[OrdersSettings]) -> Desk:
    """Make what the handlers work with, and declare the worker."""
    settings = runtime.settings
    orders = OrderRepository(runtime.database)
    catalogue = Catalogue(runtime.upstream("products", settings.products_url))
    checkout = Checkout(
        orders,
        catalogue,
        Stock(runtime.upstream("inventory", settings.inventory_url, token=settings.internal_token)),
        Till(runtime.upstream("payments", settings.payments_url, token=settings.internal_token)),
        settings.currency,
    )
    claims = Claims(
        settings.saga_idle_seconds,
        settings.saga_backoff_seconds,
        settings.saga_backoff_max_seconds,
        settings.saga_batch,
    )
    worker = Worker(orders, checkout, claims, timedelta(seconds=settings.payment_deadline_seconds))
    runtime.background.every(settings.saga_poll_seconds, "resume-orders", worker.run)
    return Desk(orders, checkout, Carts(runtime.database, catalogue, settings.currency))


SERVICE = Service(
    name="orders",
    version="0.1.0",
    summary="What shoppers order and pay.",
    settings=OrdersSettings,
    apis=(api,),
    publishes=(OrderConfirmed, OrderPaymentFailed, OrderCancelled, OrderExpired),
    build=build,
)
