"""The routes of stock and reservations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request

from inventory.models import MovementPage, NewReservation, NewStock, Reservation, Stock, StockQuery, Stocks
from inventory.repository import StockRepository
from inventory.reservations import Reservations, repeated
from shopkit import pagination, problems
from shopkit.auth import require_internal, require_role
from shopkit.pagination import PageQuery
from shopkit.problems import Problem
from shopkit.routing import Api, Reply


@dataclass(frozen=True)
class Inventory:
    """What the handlers work with."""

    stock: StockRepository
    reservations: Reservations


api: Api[Inventory] = Api("inventory")
_STOCK = "/api/v1/inventory/<id:product_id>"
_IF_NONE_MATCH = "If-None-Match"
_RESERVATION = "/internal/v1/reservations"
_UNKNOWN = {404: "The inventory does not know this product."}


@api.get(_STOCK, responses={200: Stock}, problems=_UNKNOWN)
def get_stock(inventory: Inventory, product_id: str) -> dict[str, Any]:
    """Get the stock of a product."""
    row = inventory.stock.get(product_id)
    if row is None:
        raise _unknown(product_id)
    return row


@api.get("/api/v1/inventory", query=StockQuery, responses={200: Stocks})
def list_stock(inventory: Inventory, query: StockQuery) -> dict[str, Any]:
    """Get the stock of several products at once."""
    return {"items": inventory.stock.of_products(query.product_ids.split(","))}


@api.post(
    _STOCK,
    body=NewStock,
    responses={200: Stock},
    auth=require_role("admin"),
    problems={409: "More pieces than this are reserved.", 412: "If-None-Match was sent, and the product is known."},
    headers={_IF_NONE_MATCH: "`*`: only if the inventory does not know the product yet."},
)
def set_stock(inventory: Inventory, product_id: str, body: NewStock) -> dict[str, Any]:
    """Set how many pieces of a product there are.

    Makes the product known to the inventory if it is not. What is reserved stays reserved.
    """
    if _only_if_unknown():
        row = inventory.stock.add(product_id, body.quantity)
        if row is None:
            raise _known(product_id)
        return row
    row = inventory.stock.set_on_hand(product_id, body.quantity)
    if row is None:
        raise _reserved(f"More than {body.quantity} pieces of {product_id} are reserved: set at least as many.")
    return row


@api.delete(
    _STOCK,
    responses={204: None},
    auth=require_role("admin"),
    problems={**_UNKNOWN, 409: "Pieces of it are reserved."},
)
def delete_stock(inventory: Inventory, product_id: str) -> None:
    """Make the inventory forget a product."""
    if inventory.stock.delete(product_id):
        return
    if inventory.stock.get(product_id) is None:
        raise _unknown(product_id)
    raise _reserved(f"Pieces of {product_id} are reserved: delete it when their orders are settled.")


@api.get(
    f"{_STOCK}/movements",
    query=PageQuery,
    responses={200: MovementPage},
    auth=require_role("admin"),
    problems={404: "The inventory neither knows nor knew this product."},
)
def list_movements(inventory: Inventory, product_id: str, query: PageQuery) -> dict[str, Any]:
    """List the changes of the pieces on hand, the newest first.

    The journal of a product that was removed stays, and goes on if it comes back.
    """
    rows = inventory.stock.movements(product_id, query.cursor, query.limit)
    if not rows and query.cursor is None and inventory.stock.get(product_id) is None:
        raise _unknown(product_id)
    return pagination.page(rows, query.limit)


@api.post(
    _RESERVATION,
    body=NewReservation,
    responses={201: Reservation, 200: Reservation},
    auth=require_internal,
    problems={
        409: "There are too few pieces (insufficient-stock: `errors` has product_id, requested and available of each "
        "such product), or the order has reserved others, is released, or its reservation has expired."
    },
)
def reserve(inventory: Inventory, body: NewReservation) -> Reply:
    """Set pieces aside for an order, all of them or none.

    Asking again with the same lines, in whatever order, answers 200 with the reservation as it is now.
    """
    faults = repeated(line.product_id for line in body.lines)
    if faults:
        raise problems.invalid(faults)
    asked = {line.product_id: line.quantity for line in body.lines}
    reservation, new = inventory.reservations.reserve(body.order_id, asked)
    return Reply(reservation, 201 if new else 200)


@api.post(
    f"{_RESERVATION}/<id:order_id>/commit",
    responses={200: Reservation},
    auth=require_internal,
    problems={
        404: "The order has no reservation.",
        409: "The reservation was released (`reservation-released`) or has expired (`reservation-expired`).",
    },
)
def commit(inventory: Inventory, order_id: str) -> dict[str, Any]:
    """Let the reserved pieces leave the stock.

    Asking again changes nothing.
    """
    return inventory.reservations.commit(order_id)


@api.post(
    f"{_RESERVATION}/<id:order_id>/release",
    responses={200: Reservation},
    auth=require_internal,
    problems={409: "The reservation was committed."},
)
def release(inventory: Inventory, order_id: str) -> dict[str, Any]:
    """Give the reserved pieces back.

    Asking again changes nothing, nor does it when the reservation has expired. An order without a reservation is noted
    as released, so that a request to reserve which arrives late is refused.
    """
    return inventory.reservations.release(order_id)


def _only_if_unknown() -> bool:
    condition = request.headers.get(_IF_NONE_MATCH)
    if condition not in (None, "*"):
        raise problems.invalid([{"field": _IF_NONE_MATCH, "detail": "must be `*`: stock has no ETag"}])
    return condition is not None


def _known(product_id: str) -> Problem:
    detail = f"The inventory knows product {product_id} already: nothing was changed."
    return Problem(412, "precondition-failed", "The product has stock already", detail)


def _unknown(product_id: str) -> Problem:
    return problems.not_found(f"The inventory does not know product {product_id}.")


def _reserved(detail: str) -> Problem:
    return problems.conflict("stock-reserved", "Pieces are reserved", detail)
