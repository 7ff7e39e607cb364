"""What may happen to a reservation, decided without a database."""

from __future__ import annotations

from typing import Any, cast

import pytest

from inventory.repository import ReservationRepository
from inventory.reservations import (
    Reservations,
    contradiction,
    insufficient,
    lines_of,
    refusal_of_repetition,
    repeated,
    shortages,
)
from shopkit.problems import Problem

ORDER = "0190a000-0000-7000-8000-00000000000f"
PENS = "0190a000-0000-7000-8000-000000000001"
CUPS = "0190a000-0000-7000-8000-000000000002"
RESERVATION: dict[str, Any] = {"order_id": ORDER, "status": "released", "expired": False}


def test_lines_are_in_the_order_of_products() -> None:
    expected = [{"product_id": PENS, "quantity": 1}, {"product_id": CUPS, "quantity": 2}]
    assert lines_of({CUPS: 2, PENS: 1}) == expected


def test_each_product_may_be_in_one_line() -> None:
    assert repeated([PENS, CUPS]) == []
    assert [fault["field"] for fault in repeated([PENS, CUPS, PENS, PENS])] == [
        "lines[2].product_id",
        "lines[3].product_id",
    ]


def test_a_shortage_is_a_product_with_fewer_pieces_than_asked_for() -> None:
    assert shortages({PENS: 3, CUPS: 3}, {PENS: 3, CUPS: 2}) == [
        {"product_id": CUPS, "requested": 3, "available": 2},
    ]


def test_a_product_without_stock_has_no_piece() -> None:
    assert shortages({PENS: 1}, {}) == [{"product_id": PENS, "requested": 1, "available": 0}]


def test_insufficient_stock_says_what_is_left() -> None:
    problem = insufficient([{"product_id": PENS, "requested": 9, "available": 5}])
    assert problem.document("/internal/v1/reservations") == {
        "type": "https://shopkeeper.dev/problems/insufficient-stock",
        "title": "There is not enough stock",
        "status": 409,
        "detail": f"Nothing was reserved. Too few pieces for: 9 of {PENS} (available: 5).",
        "instance": "/internal/v1/reservations",
        "errors": [{"product_id": PENS, "requested": 9, "available": 5}],
    }


@pytest.mark.parametrize(
    ("status", "quantity", "slug"),
    [
        ("reserved", 2, None),
        ("committed", 2, None),
        ("reserved", 1, "reservation-mismatch"),
        ("committed", 1, "reservation-mismatch"),
        ("released", 2, "reservation-released"),
        ("released", 1, "reservation-released"),
    ],
)
def test_an_order_reserves_once(status: str, quantity: int, slug: str | None) -> None:
    known: dict[str, Any] = {**RESERVATION, "status": status, "lines": lines_of({PENS: 2, CUPS: 1})}
    refusal = refusal_of_repetition(known, {CUPS: 1, PENS: quantity})
    assert (refusal and (refusal.status, refusal.slug)) == (slug and (409, slug))


@pytest.mark.parametrize(
    ("status", "expired", "ended"),
    [("committed", False, "committed"), ("released", False, "released"), ("released", True, "expired")],
)
def test_an_ended_reservation_is_final(status: str, expired: bool, ended: str) -> None:
    problem = contradiction({"order_id": ORDER, "status": status, "expired": expired})
    assert (problem.status, problem.slug) == (409, f"reservation-{ended}")
    assert problem.detail == f"The reservation of order {ORDER} is {ended}, which is final."


class Arrival:
    """A repository in which pieces arrive as soon as too few of them refused a reservation."""

    def __init__(self) -> None:
        self.available = {PENS: 1}

    def reserve(self, _order_id: str, _asked: object, _ttl: int) -> tuple[None, dict[str, int]]:
        """Refuse, and tell by what."""
        decided_on, self.available = self.available, {PENS: 100}
        return None, decided_on

    def find(self, _order_id: str) -> None:
        """Know no reservation."""


def test_stock_that_arrives_after_the_refusal_does_not_take_its_reason_away() -> None:
    reservations = Reservations(cast("ReservationRepository", Arrival()), 900)
    with pytest.raises(Problem) as refused:
        reservations.reserve(ORDER, {PENS: 2})
    assert refused.value.slug == "insufficient-stock"
    assert refused.value.errors == [{"product_id": PENS, "requested": 2, "available": 1}]
