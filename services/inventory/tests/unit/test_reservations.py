"""What may happen to a reservation, decided without a database."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.reservations import (
    contradiction,
    insufficient,
    lines_of,
    refusal_of_repetition,
    repeated,
    shortages,
)

ORDER = "0190a000-0000-7000-8000-00000000000f"
PENS = "0190a000-0000-7000-8000-000000000001"
CUPS = "0190a000-0000-7000-8000-000000000002"


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
    known: dict[str, Any] = {"order_id": ORDER, "status": status, "lines": lines_of({PENS: 2, CUPS: 1})}
    refusal = refusal_of_repetition(known, {CUPS: 1, PENS: quantity})
    assert (refusal and (refusal.status, refusal.slug)) == (slug and (409, slug))


@pytest.mark.parametrize("status", ["committed", "released"])
def test_an_ended_reservation_is_final(status: str) -> None:
    problem = contradiction(ORDER, status)
    assert (problem.status, problem.slug) == (409, f"reservation-{status}")
    assert problem.detail == f"The reservation of order {ORDER} is {status}, which is final."
