"""The definition of the service."""

from __future__ import annotations

from orders.checkout import Checkout
from orders.clients import Catalogue, Stock, Till
from orders.repository import OrderRepository
from orders.routes import Desk, api
from orders.settings import OrdersSettings
from shopkit.service import Runtime, Service
from shopkit.upstream import Upstream


def build(runtime: Runtime[OrdersSettings]) -> Desk:
    """Make what the handlers work with."""
    settings = runtime.settings

    def upstream(name: str, url: str, token: str | None) -> Upstream:
        return Upstream(name, url, runtime.metrics, token=token, connections=settings.http_threads)

    orders = OrderRepository(runtime.database)
    checkout = Checkout(
        orders,
        Catalogue(upstream("products", settings.products_url, None)),
        Stock(upstream("inventory", settings.inventory_url, settings.internal_token)),
        Till(upstream("payments", settings.payments_url, settings.internal_token)),
        settings.currency,
    )
    return Desk(orders, checkout)


SERVICE = Service(
    name="orders",
    version="0.1.0",
    summary="What shoppers order and pay.",
    settings=OrdersSettings,
    apis=(api,),
    build=build,
)
