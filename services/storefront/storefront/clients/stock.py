"""The service `inventory`."""

from __future__ import annotations

from shopkit.upstream import Upstream
from storefront.clients.answers import body_of


class Stock:
    """Looks up how many pieces can be ordered.

    Args:
        inventory: the service.
    """

    def __init__(self, inventory: Upstream) -> None:
        self._inventory = inventory

    def available(self, product_id: str) -> int:
        """Return how many pieces of a product can be ordered; none if it never had any."""
        answer = self._inventory.get(f"/api/v1/inventory/{product_id}")
        return 0 if answer.status == 404 else int(body_of(answer)["available"])
