"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.settings import TokenSettings, currency_code, setting


@dataclass(frozen=True, kw_only=True)
class ProductsSettings(TokenSettings):
    """What `products` reads from the environment."""

    currency: str = setting("CURRENCY", "ISO 4217 code of all prices.", default="EUR", check=currency_code)
