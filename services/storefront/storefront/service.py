"""The definition of the service."""

from __future__ import annotations

from shopkit.service import Runtime, Service
from shopkit.upstream import Limits
from storefront.clients.accounts import Accounts
from storefront.clients.catalogue import Catalogue
from storefront.clients.purchases import Purchases
from storefront.clients.recommendations import Recommendations
from storefront.clients.stock import Stock
from storefront.front import FrontReader
from storefront.parallel import Crew
from storefront.remembered import Remembered
from storefront.renewal import Renewals
from storefront.settings import StorefrontSettings
from storefront.shop import Shop
from storefront.web import pages

_CREW = 6
# An order asks three services in turn, and a password takes its time: longer than the usual three seconds.
_PATIENT = Limits(read_seconds=10.0)
# Nobody waits long for a number that the page can do without.
_BRISK = Limits(connect_seconds=0.3, read_seconds=0.5, attempts=2)


def build(runtime: Runtime[StorefrontSettings]) -> Shop:
    """Make what the pages work with."""
    settings = runtime.settings
    crew = Crew(_CREW)
    catalogue = Catalogue(runtime.upstream("products", settings.products_url), settings.catalogue_cache_seconds)
    recommendations = Recommendations(
        settings.recommendations_target,
        settings.recommendations_seconds,
        runtime.metrics,
        failures=settings.breaker_failures,
        open_seconds=settings.breaker_seconds,
    )
    accounts = Accounts(runtime.upstream("users", settings.users_url, limits=_PATIENT))
    return Shop(
        settings=settings,
        catalogue=catalogue,
        stock=Stock(runtime.upstream("inventory", settings.inventory_url, limits=_BRISK)),
        accounts=accounts,
        purchases=Purchases(runtime.upstream("orders", settings.orders_url, limits=_PATIENT)),
        recommendations=recommendations,
        renewals=Renewals(accounts.refresh),
        front=Remembered(FrontReader(catalogue, recommendations, crew).read, settings.catalogue_cache_seconds),
        crew=crew,
    )


SERVICE = Service(
    name="storefront",
    version="0.1.0",
    summary="The web shop: pages for shoppers. What they show comes from the other services' APIs.",
    settings=StorefrontSettings,
    apis=(),
    build=build,
    pages=pages,
)
