"""Settings of the loader."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.settings import one_of, setting, starts_with

_URL = starts_with("http://", "https://")


@dataclass(frozen=True, kw_only=True)
class LoaderSettings:
    """What `python -m products.catalog` reads from the environment."""

    catalog_dir: str = setting("CATALOG_DIR", "Folder with the files of the catalogue.", default="/etc/catalog")
    admin_email: str = setting("ADMIN_EMAIL", "E-mail address of an administrator.", secret=True)
    admin_password: str = setting("ADMIN_PASSWORD", "The administrator's password.", secret=True)
    users_url: str = setting("USERS_URL", "Base URL of the service `users`.", check=_URL)
    products_url: str = setting("PRODUCTS_URL", "Base URL of the service `products`.", check=_URL)
    inventory_url: str = setting("INVENTORY_URL", "Base URL of the service `inventory`.", check=_URL)
    shop: str = setting("SHOP", "Name of the shop, in logs.", default="shop")
    log_level: str = setting(
        "LOG_LEVEL",
        "Least severe level that is logged.",
        default="INFO",
        check=one_of("DEBUG", "INFO", "WARNING", "ERROR"),
    )
