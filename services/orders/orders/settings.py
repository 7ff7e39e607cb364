"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.messaging.settings import PublisherSettings
from shopkit.settings import TokenSettings, between, currency_code, setting, starts_with

_URL = starts_with("http://", "https://")
_SECONDS = between(0.01, 86_400)


@dataclass(frozen=True, kw_only=True)
class OrdersSettings(TokenSettings, PublisherSettings):
    """What `orders` reads from the environment."""

    currency: str = setting("CURRENCY", "ISO 4217 code of all prices.", default="EUR", check=currency_code)
    internal_token: str = setting("INTERNAL_TOKEN", "Token that the services of a shop share.", secret=True)
    products_url: str = setting("PRODUCTS_URL", "Base URL of the service `products`.", check=_URL)
    inventory_url: str = setting("INVENTORY_URL", "Base URL of the service `inventory`.", check=_URL)
    payments_url: str = setting("PAYMENTS_URL", "Base URL of the service `payments`.", check=_URL)
    payment_deadline_seconds: float = setting(
        "PAYMENT_DEADLINE_SECONDS",
        "After which a payment whose outcome cannot be learnt is given up: the money goes back, the order has failed.",
        default=30.0,
        check=_SECONDS,
    )
    saga_poll_seconds: float = setting(
        "SAGA_POLL_SECONDS", "Pause between two looks for orders that are stuck.", default=1.0, check=_SECONDS
    )
    saga_idle_seconds: float = setting(
        "SAGA_IDLE_SECONDS",
        "After which an order that nobody moves is stuck; longer than a request lasts.",
        default=10.0,
        check=_SECONDS,
    )
    saga_backoff_seconds: float = setting(
        "SAGA_BACKOFF_SECONDS",
        "Pause until a stuck order is tried again; doubled for each further attempt.",
        default=2.0,
        check=_SECONDS,
    )
    saga_backoff_max_seconds: float = setting(
        "SAGA_BACKOFF_MAX_SECONDS", "Longest pause between two attempts.", default=15.0, check=_SECONDS
    )
    saga_batch: int = setting(
        "SAGA_BATCH", "How many stuck orders a replica takes up at once.", default=20, check=between(1, 1000)
    )
