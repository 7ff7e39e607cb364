"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.settings import StatelessSettings, between, currency_code, setting, starts_with

_URL = starts_with("http://", "https://")
_MIN_KEY = 16


def split_keys(text: str) -> list[str]:
    """Return the session keys of a setting, the newest first."""
    return [key.strip() for key in text.split(",") if key.strip()]


def _keys_fault(text: str) -> str | None:
    keys = split_keys(text)
    fine = bool(keys) and all(len(key) >= _MIN_KEY for key in keys)
    return None if fine else f"must be keys of at least {_MIN_KEY} characters, separated by commas"


@dataclass(frozen=True, kw_only=True)
class StorefrontSettings(StatelessSettings):
    """What `storefront` reads from the environment."""

    session_key: str = setting(
        "SESSION_KEY",
        "Keys that sign the cookies, separated by commas, the newest first: it signs, all are accepted.",
        secret=True,
        check=_keys_fault,
    )
    users_url: str = setting("USERS_URL", "Base URL of the service `users`.", check=_URL)
    products_url: str = setting("PRODUCTS_URL", "Base URL of the service `products`.", check=_URL)
    inventory_url: str = setting("INVENTORY_URL", "Base URL of the service `inventory`.", check=_URL)
    orders_url: str = setting("ORDERS_URL", "Base URL of the service `orders`.", check=_URL)
    recommendations_target: str = setting(
        "RECOMMENDATIONS_TARGET",
        "gRPC target of `recommendations`, such as `dns:///demo-recommendations:8081`; empty: pages do without.",
        default="",
    )
    recommendations_seconds: float = setting(
        "RECOMMENDATIONS_SECONDS",
        "Longest wait for recommendations; then the page is rendered without.",
        default=0.15,
        check=between(0.001, 10),
    )
    shop_title: str = setting(
        "SHOP_TITLE", "Name of the shop as shoppers see it; empty: the name in `SHOP`, capitalised.", default=""
    )
    currency: str = setting("CURRENCY", "ISO 4217 code of all prices.", default="EUR", check=currency_code)
    trusted_proxies: int = setting(
        "TRUSTED_PROXIES",
        "Proxies of ours that append to X-Forwarded-For, the gateway included; 0: such headers are not believed.",
        default=1,
        check=between(0, 10),
    )
    catalogue_cache_seconds: float = setting(
        "CATALOGUE_CACHE_SECONDS",
        "How long categories and the front page are kept in memory.",
        default=15.0,
        check=between(0, 3600),
    )

    breaker_seconds: float = setting(
        "BREAKER_SECONDS",
        "How long it is then not asked; afterwards one call tries it.",
        # Shoppers stand in front of a closed door meanwhile.
        default=5.0,
        check=between(0.01, 3600),
    )
    upstream_concurrency: int = setting(
        "UPSTREAM_CONCURRENCY",
        "Most calls at once to each other service; 0: three quarters of `HTTP_THREADS`.",
        # A page makes several calls at a time.
        default=12,
        check=between(0, 256),
    )

    @property
    def title(self) -> str:
        """The name of the shop as shoppers see it."""
        return self.shop_title or self.shop.replace("-", " ").title()
