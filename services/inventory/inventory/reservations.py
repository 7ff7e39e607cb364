"""What may happen to a reservation.

reserved → committed | released; and an order that is released before it reserved stays released. A reservation that is
not settled in its time is released by the sweeper; until it is, it can still be committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog

from inventory.repository import ReservationRepository
from shopkit import problems
from shopkit.problems import Problem

_log = structlog.get_logger(__name__)


class Reservations:
    """Reserve, commit and release; each may be asked for again and then changes nothing.

    Args:
        repository: where reservations are kept.
        ttl_seconds: how long pieces stay set aside.
    """

    def __init__(self, repository: ReservationRepository, ttl_seconds: int) -> None:
        self._repository = repository
        self._ttl_seconds = ttl_seconds

    def reserve(self, order_id: str, asked: Mapping[str, int]) -> tuple[dict[str, Any], bool]:
        """Set all pieces of an order aside, or none.

        Args:
            order_id: the order that needs them.
            asked: pieces by product.

        Returns:
            The reservation, and whether it is new.

        Raises:
            Problem: 409 if there are too few pieces, or the order has reserved others or is released.
        """
        expires_at, available = self._repository.reserve(order_id, asked, self._ttl_seconds)
        if expires_at is not None:
            _log.info("stock was reserved", order_id=order_id)
            return _reservation(order_id, "reserved", asked, expires_at), True
        known = self._repository.find(order_id)
        if known is None:
            # What was available when the statement decided, not what is by now: so it always says what was short.
            raise insufficient(shortages(asked, available))
        refusal = refusal_of_repetition(known, asked)
        if refusal is not None:
            raise refusal
        return _known(known), False

    def commit(self, order_id: str) -> dict[str, Any]:
        """Let the pieces of an order leave the stock, and return the reservation.

        Raises:
            Problem: 404 if the order has no reservation, 409 if it was released or has expired.
        """
        return self._settle(order_id, "committed")

    def release(self, order_id: str) -> dict[str, Any]:
        """Give the pieces of an order back, and return the reservation.

        An order that has none is noted as released: its request to reserve may still be under way.

        Raises:
            Problem: 409 if the reservation was committed.
        """
        # The note first: it waits for a request to reserve that is being carried out, so that nothing slips between.
        if self._repository.refuse_late(order_id):
            _log.info("an order was released before it reserved", order_id=order_id)
            return _reservation(order_id, "released", {})
        return self._settle(order_id, "released")

    def sweep(self, limit: int) -> bool:
        """Release up to `limit` reservations whose time is over; return whether there may be more.

        Several may sweep at once, and orders be committed meanwhile: each reservation ends once.
        """
        due = self._repository.due(limit)
        for order_id in due:
            if self._repository.expire(order_id):
                _log.info("a reservation has expired", order_id=order_id)
        return len(due) == limit

    def _settle(self, order_id: str, status: str) -> dict[str, Any]:
        settled = self._repository.settle(order_id, status)
        if settled:
            _log.info("a reservation was settled", order_id=order_id, status=status)
            return _reservation(order_id, status, settled)
        known = self._repository.find(order_id)
        # Reserved by now: the request to reserve overtook this one, which came too early.
        if known is None or known["status"] == "reserved":
            raise problems.not_found(f"Order {order_id} has no reservation.")
        if known["status"] != status:
            raise contradiction(known)
        return _known(known)


def _reservation(
    order_id: str, status: str, pieces: Mapping[str, int], expires_at: datetime | None = None
) -> dict[str, Any]:
    return {"order_id": order_id, "status": status, "expires_at": expires_at, "lines": lines_of(pieces)}


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("order_id", "status", "expires_at", "lines")}


def lines_of(asked: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return pieces by product as lines, in the order in which the database gives them."""
    return [{"product_id": product_id, "quantity": asked[product_id]} for product_id in sorted(asked)]


def repeated(products: Iterable[str]) -> list[dict[str, Any]]:
    """Return a fault for each line whose product an earlier line has."""
    seen: set[str] = set()
    faults = []
    for index, product_id in enumerate(products):
        if product_id in seen:
            faults.append({"field": f"lines[{index}].product_id", "detail": "is in an earlier line: add them up"})
        seen.add(product_id)
    return faults


def shortages(asked: Mapping[str, int], available: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return product, request and what is available for each product of which there are too few."""
    return [
        {"product_id": product_id, "requested": quantity, "available": available.get(product_id, 0)}
        for product_id, quantity in asked.items()
        if available.get(product_id, 0) < quantity
    ]


def insufficient(short: list[dict[str, Any]]) -> Problem:
    """409: some products have too few pieces."""
    parts = [f"{fault['requested']} of {fault['product_id']} (available: {fault['available']})" for fault in short]
    detail = f"Nothing was reserved. Too few pieces for: {', '.join(parts)}."
    return problems.conflict("insufficient-stock", "There is not enough stock", detail, errors=short)


def refusal_of_repetition(known: Mapping[str, Any], asked: Mapping[str, int]) -> Problem | None:
    """Return why an order with this reservation may not ask for these pieces; None if it asks for the same again."""
    if known["status"] == "released":
        return contradiction(known)
    if known["lines"] != lines_of(asked):
        detail = f"Order {known['order_id']} has reserved other pieces: an order reserves once."
        return problems.conflict("reservation-mismatch", "The order has another reservation", detail)
    return None


def contradiction(known: Mapping[str, Any]) -> Problem:
    """409: the reservation has ended in another way."""
    ended = "expired" if known["expired"] else known["status"]
    detail = f"The reservation of order {known['order_id']} is {ended}, which is final."
    return problems.conflict(f"reservation-{ended}", f"The reservation is {ended}", detail)
