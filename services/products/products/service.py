"""The definition of the service."""

from __future__ import annotations

from products import import_routes, routes
from products.bulk import BulkRepository
from products.context import Catalogue
from products.repository import ProductRepository
from products.settings import ProductsSettings
from shopkit.service import Runtime, Service


def build(runtime: Runtime[ProductsSettings]) -> Catalogue:
    """Make what the handlers work with."""
    settings = runtime.settings
    return Catalogue(
        products=ProductRepository(runtime.database),
        bulk=BulkRepository(runtime.database, settings.currency),
        currency=settings.currency,
        limits=settings,
    )


SERVICE = Service(
    name="products",
    version="0.1.0",
    summary="The catalogue of a shop.",
    settings=ProductsSettings,
    apis=(routes.api, import_routes.api),
    build=build,
)
