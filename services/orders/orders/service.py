"""The definition of the service."""

from __future__ import annotations

from collections.abc import Callable
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
from shopkit.resilience import Protection
from shopkit.service import Runtime, Service
from shopkit.upstream import Upstream


def build(runtime: Runtime[OrdersSettings]) -> Desk:
    """Make what the handlers work with, and declare the worker."""
    settings = runtime.settings
    orders = OrderRepository(runtime.database)
    catalogue = Catalogue(runtime.upstream("products", settings.products_url))

    def checkout(reach: Callable[[str, str], Upstream]) -> Checkout:
        stock, till = reach("inventory", settings.inventory_url), reach("payments", settings.payments_url)
        return Checkout(orders, catalogue, Stock(stock), Till(till), settings.currency)

    def for_requests(name: str, url: str) -> Upstream:
        return runtime.upstream(name, url, token=settings.internal_token)

    def for_worker(name: str, url: str) -> Upstream:
        # It backs off by itself: a breaker that is open for a minute would keep orders from their end for longer.
        pause, age = settings.saga_backoff_seconds, settings.connection_seconds
        protection = Protection(settings.breaker_failures, pause, concurrency=1, connection_seconds=age)
        token = settings.internal_token
        return Upstream(f"{name}-for-worker", url, runtime.metrics, token=token, protection=protection)

    claims = Claims(
        settings.saga_idle_seconds,
        settings.saga_backoff_seconds,
        settings.saga_backoff_max_seconds,
        settings.saga_batch,
    )
    worker = Worker(orders, checkout(for_worker), claims, timedelta(seconds=settings.payment_deadline_seconds))
    runtime.background.every(settings.saga_poll_seconds, "resume-orders", worker.run)
    return Desk(orders, checkout(for_requests), Carts(runtime.database, catalogue, settings.currency))


SERVICE = Service(
    name="orders",
    version="0.1.0",
    summary="What shoppers order and pay.",
    settings=OrdersSettings,
    apis=(api,),
    publishes=(OrderConfirmed, OrderPaymentFailed, OrderCancelled, OrderExpired),
    build=build,
)
