"""The routes of the catalogue."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from products import listing, picture, preconditions
from products.context import Catalogue
from products.listing import ListQuery
from products.models import Categories, NewProduct, Product, ProductPage, ProductPatch
from products.repository import SkuTakenError
from shopkit import problems
from shopkit.auth import require_role
from shopkit.database import Row
from shopkit.ids import new_id
from shopkit.problems import Problem
from shopkit.routing import Api, Reply, Required

api: Api[Catalogue] = Api("products")
_PRODUCT = "/api/v1/products/<id:product_id>"
_UNKNOWN = {404: "There is no such product."}
_CHANGED = {412: "The product has changed: its ETag is none of those in If-Match."}
_SKU_TAKEN = {409: "Another product has this sku."}
_CONDITIONAL: dict[str, Any] = {
    "responses": {200: Product},
    "auth": require_role("admin"),
    "problems": {**_UNKNOWN, **_SKU_TAKEN, **_CHANGED, 428: "If-Match is missing."},
    "headers": {"If-Match": Required("The product's ETag as last read.")},
}


@api.post(
    "/api/v1/products",
    body=NewProduct,
    responses={201: Product},
    auth=require_role("admin"),
    problems=_SKU_TAKEN,
)
def create_product(catalogue: Catalogue, body: NewProduct) -> Reply:
    """Add a product."""
    try:
        row = catalogue.products.add(new_id(), body.model_dump(), catalogue.currency)
    except SkuTakenError:
        raise _sku_taken(body.sku) from None
    return _reply(row, 201, {"Location": f"/api/v1/products/{row['id']}"})


@api.get("/api/v1/products", query=ListQuery, responses={200: ProductPage})
def list_products(catalogue: Catalogue, query: ListQuery) -> dict[str, Any]:
    """List and search products."""
    ids = listing.only_ids(query)
    if ids is not None:
        return {"items": catalogue.products.of_ids(ids), "next_cursor": None}
    sort, matching, after = listing.first_position(query)
    rows = catalogue.products.find(query, sort, matching, after)
    if matching == "words" and after is None and not rows:
        matching = "similar"
        rows = catalogue.products.find(query, sort, matching, after)
    return listing.page(rows, query.limit, sort, matching)


@api.get(
    _PRODUCT,
    responses={200: Product, 304: None},
    problems=_UNKNOWN,
    headers={"If-None-Match": "The ETag of what you have: 304 when it is still the product's."},
)
def get_product(catalogue: Catalogue, product_id: str) -> Reply:
    """Get one product.

    `ETag` names its version.
    """
    row = catalogue.products.get(product_id)
    if row is None:
        raise _unknown(product_id)
    if preconditions.is_known_to_client(row["version"]):
        return Reply(None, 304, {"ETag": preconditions.etag(row["version"])})
    return _reply(row, 200)


@api.get(
    _PRODUCT + "/picture.svg",
    responses={200: "image/svg+xml", 304: None},
    problems=_UNKNOWN,
    headers={"If-None-Match": "The ETag of the picture you have: 304 when it is still the same."},
)
def get_picture(catalogue: Catalogue, product_id: str) -> Response:
    """Get a drawing of a product.

    For products without `image_url`; it follows from name and category.
    """
    row = catalogue.products.get(product_id)
    if row is None:
        raise _unknown(product_id)
    response = Response(picture.draw(row["name"], row["category"]), content_type="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=3600"
    # Somebody may open it as a page of its own, with another product's name in it: nothing in it may run.
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.add_etag()
    response.make_conditional(request)
    return response


@api.put(_PRODUCT, body=NewProduct, **_CONDITIONAL)
def replace_product(catalogue: Catalogue, product_id: str, body: NewProduct) -> Reply:
    """Replace a product.

    Fields that are left out get their defaults. If-Match guards against losing somebody else's change.
    """
    return _change(catalogue, product_id, body.model_dump(), set(NewProduct.model_fields))


@api.route("PATCH", _PRODUCT, body=ProductPatch, **_CONDITIONAL)
def change_product(catalogue: Catalogue, product_id: str, body: ProductPatch) -> Reply:
    """Change fields of a product.

    Fields that are left out stay as they are. If-Match guards against losing somebody else's change.
    """
    return _change(catalogue, product_id, body.model_dump(), body.model_fields_set)


@api.delete(
    _PRODUCT,
    responses={204: None},
    auth=require_role("admin"),
    problems={**_UNKNOWN, **_CHANGED},
    headers={"If-Match": "Delete only the product of this ETag."},
)
def delete_product(catalogue: Catalogue, product_id: str) -> None:
    """Delete a product.

    Orders keep the name and price they were made with.
    """
    if not catalogue.products.delete(product_id, preconditions.optional_versions()):
        raise _not_this_one(catalogue, product_id)


@api.get("/api/v1/categories", responses={200: Categories})
def list_categories(catalogue: Catalogue) -> dict[str, Any]:
    """List the categories that have products, all at once, with how many."""
    return {"items": catalogue.products.categories()}


def _change(catalogue: Catalogue, product_id: str, values: dict[str, Any], fields: set[str]) -> Reply:
    versions = preconditions.required_versions()
    try:
        row = catalogue.products.change(product_id, values, fields, versions)
    except SkuTakenError:
        raise _sku_taken(values["sku"]) from None
    if row is None:
        raise _not_this_one(catalogue, product_id)
    return _reply(row, 200)


def _reply(row: Row, status: int, headers: dict[str, str] | None = None) -> Reply:
    """Return a product, its version as ETag."""
    found = {"ETag": preconditions.etag(row.pop("version"))}
    if headers:
        found.update(headers)
    return Reply(row, status, found)


def _not_this_one(catalogue: Catalogue, product_id: str) -> Problem:
    """Say why no product was touched."""
    return preconditions.failed(product_id) if catalogue.products.exists(product_id) else _unknown(product_id)


def _sku_taken(sku: str | None) -> Problem:
    detail = f"Another product has the sku {sku}: give this one its own."
    return problems.conflict("sku-taken", "The sku is taken", detail, errors=[{"field": "sku", "detail": "is taken"}])


def _unknown(product_id: str) -> Problem:
    return problems.not_found(f"There is no product {product_id}.")
