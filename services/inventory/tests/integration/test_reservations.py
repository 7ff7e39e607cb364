"""Reservations through their API, on a real PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest

from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.client import body_of
from shopkit.testing.tokens import Tokens
from tests.integration.warehouse import UNKNOWN, Warehouse, slug_of

pytestmark = pytest.mark.usefixtures("true_journal")


def count(database: Database) -> tuple[int, int]:
    """Return how many reservations and lines there are."""
    row = database.fetch_row(
        "SELECT (SELECT count(*) FROM reservations) AS orders, (SELECT count(*) FROM reservation_lines) AS lines"
    )
    return row["orders"], row["lines"]


def lines(*wanted: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"product_id": product, "quantity": quantity} for product, quantity in sorted(wanted)]


def test_reserved_pieces_are_no_longer_available(warehouse: Warehouse) -> None:
    pens, cups, order = warehouse.product(5), warehouse.product(7), new_id()
    answer = warehouse.reserve(order, (cups, 7), (pens, 2))
    expires_at = body_of(answer)["expires_at"]
    expected = {
        "order_id": order,
        "status": "reserved",
        "expires_at": expires_at,
        "lines": lines((cups, 7), (pens, 2)),
    }
    assert (answer.status_code, answer.json) == (201, expected)
    assert (warehouse.stock(pens), warehouse.stock(cups)) == ((5, 2, 3), (7, 7, 0))


def test_too_few_pieces_of_one_product_reserve_nothing_of_any(warehouse: Warehouse, database: Database) -> None:
    pens, cups, unknown = warehouse.product(5), warehouse.product(7), new_id()
    warehouse.reserved((cups, 6))
    refused = warehouse.reserve(new_id(), (pens, 5), (cups, 2), (unknown, 1))
    assert (refused.status_code, slug_of(refused)) == (409, "insufficient-stock")
    assert body_of(refused)["errors"] == [
        {"product_id": cups, "requested": 2, "available": 1},
        {"product_id": unknown, "requested": 1, "available": 0},
    ]
    assert (warehouse.stock(pens), warehouse.stock(cups)) == ((5, 0, 5), (7, 6, 1))
    assert warehouse.stock(unknown) is UNKNOWN
    assert count(database) == (1, 1)


def test_only_unknown_products_reserve_nothing(warehouse: Warehouse, database: Database) -> None:
    unknown = new_id()
    refused = warehouse.reserve(new_id(), (unknown, 1))
    assert refused.status_code == 409
    assert body_of(refused)["errors"] == [{"product_id": unknown, "requested": 1, "available": 0}]
    assert count(database) == (0, 0)


def test_a_refused_order_may_reserve_when_there_is_stock(warehouse: Warehouse) -> None:
    pens, order = warehouse.product(1), new_id()
    assert warehouse.reserve(order, (pens, 2)).status_code == 409
    warehouse.set_stock(pens, 2)
    assert warehouse.reserve(order, (pens, 2)).status_code == 201
    assert warehouse.stock(pens) == (2, 2, 0)


def test_reserving_again_changes_nothing(warehouse: Warehouse, database: Database) -> None:
    # All pieces, so that the repetition would not find enough of them.
    pens, cups, order = warehouse.product(2), warehouse.product(3), new_id()
    first = warehouse.reserve(order, (pens, 2), (cups, 3))
    again = warehouse.reserve(order, (cups, 3), (pens, 2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    assert (warehouse.stock(pens), warehouse.stock(cups)) == ((2, 2, 0), (3, 3, 0))
    assert count(database) == (1, 2)


def test_reserving_again_after_the_commit_tells_so(warehouse: Warehouse) -> None:
    pens = warehouse.product(5)
    order = warehouse.reserved((pens, 2))
    warehouse.settle(order, "commit")
    again = warehouse.reserve(order, (pens, 2))
    assert (again.status_code, body_of(again)["status"]) == (200, "committed")
    assert warehouse.stock(pens) == (3, 0, 3)


@pytest.mark.parametrize(("pens", "cups"), [(2, 0), (1, 1), (3, 1), (0, 1), (9, 1)])
def test_an_order_reserves_once(warehouse: Warehouse, database: Database, pens: int, cups: int) -> None:
    products = warehouse.product(5), warehouse.product(5)
    order = warehouse.reserved((products[0], 2), (products[1], 1))
    other = [(product, quantity) for product, quantity in zip(products, (pens, cups), strict=True) if quantity]
    refused = warehouse.reserve(order, *other)
    assert (refused.status_code, slug_of(refused)) == (409, "reservation-mismatch")
    assert [warehouse.stock(product) for product in products] == [(5, 2, 3), (5, 1, 4)]
    assert count(database) == (1, 2)


def test_a_commit_takes_the_pieces_out_once(warehouse: Warehouse) -> None:
    pens, cups = warehouse.product(5), warehouse.product(7)
    warehouse.reserved((pens, 1))
    order = warehouse.reserved((pens, 2), (cups, 7))
    expected = {"order_id": order, "status": "committed", "expires_at": None, "lines": lines((pens, 2), (cups, 7))}
    for _ in range(2):
        answer = warehouse.settle(order, "commit")
        assert (answer.status_code, answer.json) == (200, expected)
        assert (warehouse.stock(pens), warehouse.stock(cups)) == ((3, 1, 2), (0, 0, 0))


def test_a_release_gives_the_pieces_back_once(warehouse: Warehouse) -> None:
    pens, cups = warehouse.product(5), warehouse.product(7)
    warehouse.reserved((pens, 1))
    order = warehouse.reserved((pens, 2), (cups, 7))
    expected = {"order_id": order, "status": "released", "expires_at": None, "lines": lines((pens, 2), (cups, 7))}
    for _ in range(2):
        answer = warehouse.settle(order, "release")
        assert (answer.status_code, answer.json) == (200, expected)
        assert (warehouse.stock(pens), warehouse.stock(cups)) == ((5, 1, 4), (7, 0, 7))


@pytest.mark.parametrize(
    ("first", "then", "left"), [("commit", "release", (3, 0, 3)), ("release", "commit", (5, 0, 5))]
)
def test_an_ended_reservation_is_final(warehouse: Warehouse, first: str, then: str, left: tuple[int, int, int]) -> None:
    pens = warehouse.product(5)
    order = warehouse.reserved((pens, 2))
    ended = body_of(warehouse.settle(order, first))["status"]
    refused = warehouse.settle(order, then)
    assert (refused.status_code, slug_of(refused)) == (409, f"reservation-{ended}")
    assert warehouse.stock(pens) == left
    assert body_of(warehouse.settle(order, first))["status"] == ended


def test_a_released_order_cannot_reserve_again(warehouse: Warehouse) -> None:
    pens = warehouse.product(5)
    order = warehouse.reserved((pens, 2))
    warehouse.settle(order, "release")
    refused = warehouse.reserve(order, (pens, 2))
    assert (refused.status_code, slug_of(refused)) == (409, "reservation-released")
    assert warehouse.stock(pens) == (5, 0, 5)


def test_a_release_that_overtakes_its_reserve_refuses_it(warehouse: Warehouse, database: Database) -> None:
    pens, order = warehouse.product(5), new_id()
    expected: dict[str, Any] = {"order_id": order, "status": "released", "expires_at": None, "lines": []}
    for _ in range(2):
        answer = warehouse.settle(order, "release")
        assert (answer.status_code, answer.json) == (200, expected)
    late = warehouse.reserve(order, (pens, 2))
    assert (late.status_code, slug_of(late)) == (409, "reservation-released")
    assert slug_of(warehouse.settle(order, "commit")) == "reservation-released"
    assert warehouse.stock(pens) == (5, 0, 5)
    assert count(database) == (1, 0)


def test_an_unknown_order_cannot_be_committed(warehouse: Warehouse, database: Database) -> None:
    order = new_id()
    refused = warehouse.settle(order, "commit")
    assert (refused.status_code, body_of(refused)["detail"]) == (404, f"Order {order} has no reservation.")
    assert count(database) == (0, 0)


@pytest.mark.parametrize("path", ["", "/{order}/commit", "/{order}/release"])
def test_only_services_reserve(warehouse: Warehouse, tokens: Tokens, database: Database, path: str) -> None:
    pens = warehouse.product(5)
    order = warehouse.reserved((pens, 2))
    url = "/internal/v1/reservations" + path.format(order=order)
    body = {"order_id": new_id(), "lines": [{"product_id": pens, "quantity": 1}]}
    for headers in ({}, tokens.user(), tokens.admin(), {"Authorization": "Bearer internal-token-of-the-test"}):
        assert warehouse.client.post(url, json=body, headers=headers).status_code == 401
    assert warehouse.stock(pens) == (5, 2, 3)
    assert count(database) == (1, 1)


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        ({"lines": []}, "lines", "List should have at least 1 item after validation, not 0"),
        ({"lines": [{"product_id": new_id(), "quantity": 0}]}, "lines[0].quantity", None),
        ({"lines": [{"product_id": new_id(), "quantity": 10**9 + 1}]}, "lines[0].quantity", None),
        ({"lines": [{"product_id": "pens", "quantity": 1}]}, "lines[0].product_id", None),
        ({"lines": [{"product_id": new_id()}]}, "lines[0].quantity", "is missing"),
        ({"lines": [{"product_id": new_id(), "quantity": 1, "price": 1}]}, "lines[0].price", "is not known"),
        ({"lines": [{"product_id": new_id(), "quantity": 1}] * 101}, "lines", None),
        ({"order_id": "7"}, "order_id", None),
        ({"status": "committed"}, "status", "is not known"),
    ],
)
def test_a_wrong_field_is_named(
    warehouse: Warehouse, database: Database, body: dict[str, Any], field: str, detail: str | None
) -> None:
    pens = warehouse.product(5)
    sent = {"order_id": new_id(), "lines": [{"product_id": pens, "quantity": 1}], **body}
    response = warehouse.client.post("/internal/v1/reservations", json=sent, headers=warehouse.tokens.internal())
    assert response.status_code == 422
    (fault,) = body_of(response)["errors"]
    assert fault["field"] == field
    assert detail in (None, fault["detail"])
    assert warehouse.stock(pens) == (5, 0, 5)
    assert count(database) == (0, 0)


def test_a_product_in_two_lines_is_named(warehouse: Warehouse, database: Database) -> None:
    pens = warehouse.product(5)
    response = warehouse.reserve(new_id(), (pens, 1), (pens.upper(), 2))
    assert response.status_code == 422
    assert body_of(response)["errors"] == [
        {"field": "lines[1].product_id", "detail": "is in an earlier line: add them up"}
    ]
    assert warehouse.stock(pens) == (5, 0, 5)
    assert count(database) == (0, 0)
