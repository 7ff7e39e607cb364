"""The definition of the service."""

from __future__ import annotations

from products.repository import ProductRepository
from products.routes import Catalogue, api
from products.settings import ProductsSettings
from shopkit.service import Runtime, Service


def build(runtime: Runtime[ProductsSettings]) -> Catalogue:
    """Make what the handlers work with."""
    return Catalogue(ProductRepository(runtime.database), runtime.settings.currency)


SERVICE = Service(
    name="products",
    version="0.1.0",
    summary="The catalogue of a shop.",
    settings=ProductsSettings,
    apis=(api,),
    build=build,
)
