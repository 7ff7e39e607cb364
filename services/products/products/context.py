"""What the handlers of all routes work with."""

from __future__ import annotations

from dataclasses import dataclass

from products.bulk import BulkRepository
from products.repository import ProductRepository
from products.settings import ImportLimits


@dataclass(frozen=True)
class Catalogue:
    """What the handlers work with."""

    products: ProductRepository
    bulk: BulkRepository
    currency: str
    limits: ImportLimits
