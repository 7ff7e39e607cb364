"""What the pages work with."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from storefront.clients.accounts import Accounts
from storefront.clients.catalogue import Catalogue
from storefront.clients.purchases import Purchases
from storefront.clients.recommendations import Recommendations
from storefront.clients.stock import Stock
from storefront.front import Front
from storefront.parallel import Crew
from storefront.remembered import Remembered
from storefront.renewal import Renewals
from storefront.settings import StorefrontSettings

EXTENSION = "storefront"


@dataclass(frozen=True)
class Shop:
    """The other services, and what is remembered of them."""

    settings: StorefrontSettings
    catalogue: Catalogue
    stock: Stock
    accounts: Accounts
    purchases: Purchases
    recommendations: Recommendations
    renewals: Renewals
    front: Remembered[Front]
    crew: Crew


def shop() -> Shop:
    """Return what the pages of the application at work have."""
    found: Shop = current_app.extensions[EXTENSION]
    return found
