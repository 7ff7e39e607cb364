"""What the handlers of all routes work with."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

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
    # A catalogue that is being imported takes tens of megabytes: only one at a time, whatever the number of threads.
    import_turn: threading.Lock = field(default_factory=threading.Lock)
