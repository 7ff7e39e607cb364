"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.settings import TokenSettings, currency_code, setting, starts_with

_URL = starts_with("http://", "https://")


@dataclass(frozen=True, kw_only=True)
class OrdersSettings(TokenSettings):
    """What `orders` reads from the environment."""

    currency: str = setting("CURRENCY", "ISO 4217 code of all prices.", default="EUR", check=currency_code)
    internal_token: str = setting("INTERNAL_TOKEN", "Token that the services of a shop share.", secret=True)
    products_url: str = setting("PRODUCTS_URL", "Base URL of the service `products`.", check=_URL)
    inventory_url: str = setting("INVENTORY_URL", "Base URL of the service `inventory`.", check=_URL)
    payments_url: str = setting("PAYMENTS_URL", "Base URL of the service `payments`.", check=_URL)
