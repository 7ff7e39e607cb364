"""The routes of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from products.models import NewProduct, Product, ProductPage
from products.repository import ProductRepository
from shopkit import pagination, problems
from shopkit.auth import require_role
from shopkit.ids import new_id
from shopkit.pagination import PageQuery
from shopkit.routing import Api, Reply


@dataclass(frozen=True)
class Catalogue:
    """What the handlers work with."""

    products: ProductRepository
    currency: str


api: Api[Catalogue] = Api("products")
_UNKNOWN = {404: "There is no such product."}


@api.post("/api/v1/products", body=NewProduct, responses={201: Product}, auth=require_role("admin"))
def create_product(catalogue: Catalogue, body: NewProduct) -> Reply:
    """Add a product."""
    row = catalogue.products.add(new_id(), body.name, body.description, body.price, catalogue.currency)
    return Reply(row, 201, {"Location": f"/api/v1/products/{row['id']}"})


@api.get("/api/v1/products", query=PageQuery, responses={200: ProductPage})
def list_products(catalogue: Catalogue, query: PageQuery) -> dict[str, Any]:
    """List products, the oldest first."""
    return pagination.page(catalogue.products.page(query.cursor, query.limit), query.limit)


@api.get("/api/v1/products/<id:product_id>", responses={200: Product}, problems=_UNKNOWN)
def get_product(catalogue: Catalogue, product_id: str) -> dict[str, Any]:
    """Get one product."""
    row = catalogue.products.get(product_id)
    if row is None:
        raise problems.not_found(f"There is no product {product_id}.")
    return row


@api.delete("/api/v1/products/<id:product_id>", responses={204: None}, auth=require_role("admin"), problems=_UNKNOWN)
def delete_product(catalogue: Catalogue, product_id: str) -> None:
    """Delete a product.

    Orders keep the name and price they were made with.
    """
    if not catalogue.products.delete(product_id):
        raise problems.not_found(f"There is no product {product_id}.")
