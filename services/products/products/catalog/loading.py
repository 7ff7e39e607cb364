"""A catalogue goes into the shop through the APIs, as an administrator's would: once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from products.catalog.files import InitialProduct
from shopkit.upstream import Upstream, UpstreamResponse

_AT_ONCE = 500


class LoadError(Exception):
    """A service refused its part; loading again goes on from there."""


@dataclass(frozen=True)
class Loaded:
    """What was done: products created and kept as they were, stocks set."""

    created: int = 0
    kept: int = 0
    stocked: int = 0

    def __add__(self, other: Loaded) -> Loaded:
        """Add up."""
        return Loaded(self.created + other.created, self.kept + other.kept, self.stocked + other.stocked)


def log_in(users: Upstream, email: str, password: str) -> str:
    """Return an access token of the administrator. Raises LoadError, UpstreamError."""
    answer = users.post("/api/v1/login", {"email": email, "password": password}, idempotent=True)
    return str(_good("users", answer, 200)["access_token"])


def load(shelf: Upstream, warehouse: Upstream, products: Sequence[InitialProduct]) -> Loaded:
    """Create the products that the shop never had, and set the stock of those that never had any.

    Args:
        shelf: the service `products`, as an administrator.
        warehouse: the service `inventory`, as an administrator.
        products: the catalogue.

    Raises:
        LoadError: a service refused it.
        UpstreamError: a service did not answer.
    """
    total = Loaded()
    for start in range(0, len(products), _AT_ONCE):
        batch = products[start : start + _AT_ONCE]
        body = [product.model_dump(exclude={"stock"}) for product in batch]
        answer = shelf.post("/api/v1/products/import?initial=true", body, idempotent=True)
        report = _good("products", answer, 200)
        stocks = {product.sku: product.stock for product in batch}
        total += Loaded(created=report["created"], kept=report["kept"])
        for line in report["lines"]:
            if line["result"] == "error":
                raise LoadError(f"products refused {line['sku']}: {line['errors']}")
            stock = stocks[line["sku"]]
            if line["id"] is not None and stock is not None:
                total += Loaded(stocked=_set_first_stock(warehouse, line["id"], stock))
    return total


def _set_first_stock(warehouse: Upstream, product_id: str, stock: int) -> int:
    """Set the stock of a product that never had any; return how many were set."""
    path = f"/api/v1/inventory/{product_id}"
    # The journal also knows the stocks that were removed.
    known = warehouse.get(f"{path}/movements?limit=1")
    if known.status == 404:
        answer = warehouse.call("POST", path, {"quantity": stock}, idempotent=True, headers={"If-None-Match": "*"})
        # Another loader, or an administrator, was faster: that stands.
        if answer.status != 412:
            _good("inventory", answer, 200)
            return 1
    elif known.status != 200:
        raise _refused("inventory", known)
    return 0


def _good(service: str, answer: UpstreamResponse, status: int) -> Mapping[str, Any]:
    if answer.status != status or not isinstance(answer.body, dict):
        raise _refused(service, answer)
    return answer.body


def _refused(service: str, answer: UpstreamResponse) -> LoadError:
    detail = answer.body.get("detail") if isinstance(answer.body, dict) else None
    return LoadError(f"{service} answered {answer.status}: {detail or 'without a reason'}")
