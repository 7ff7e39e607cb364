"""What one session does while another holds the lock that it needs."""

from __future__ import annotations

import pytest

from shopkit.ids import new_id
from shopkit.testing.client import body_of
from tests.integration.rival import Rival
from tests.integration.warehouse import UNKNOWN, Warehouse, slug_of

pytestmark = pytest.mark.usefixtures("true_journal")

_LOCK = "SELECT FROM stock WHERE product_id = %s FOR UPDATE"


def test_rows_are_locked_in_the_order_of_products(warehouse: Warehouse, rival: Rival) -> None:
    low, high = sorted((warehouse.product(5), warehouse.product(5)))
    order = new_id()

    def nothing_else_is_locked() -> None:
        rival.run(f"{_LOCK} NOWAIT", high)
        rival.run("SELECT FROM reservations WHERE order_id = %s FOR UPDATE NOWAIT", order)

    rival.run(_LOCK, low)
    made = rival.hold_up(lambda other: other.reserve(order, (high, 1), (low, 1)), nothing_else_is_locked)
    rival.run(_LOCK, low)
    committed = rival.hold_up(lambda other: other.settle(order, "commit"), nothing_else_is_locked)
    assert (made.status_code, committed.status_code) == (201, 200)
    assert (warehouse.stock(low), warehouse.stock(high)) == ((4, 0, 4), (4, 0, 4))


@pytest.mark.parametrize(
    ("meanwhile", "left"),
    [
        ("UPDATE stock SET reserved = 4 WHERE product_id = %s", (5, 4, 1)),
        ("UPDATE stock SET on_hand = 1 WHERE product_id = %s", (1, 0, 1)),
        ("DELETE FROM stock WHERE product_id = %s", UNKNOWN),
    ],
)
def test_a_reserve_that_waited_does_not_take_what_is_gone(
    warehouse: Warehouse, rival: Rival, meanwhile: str, left: tuple[int, int, int] | None
) -> None:
    pens, cups = warehouse.product(5), warehouse.product(5)
    rival.run(meanwhile, pens)
    refused = rival.hold_up(lambda other: other.reserve(new_id(), (cups, 1), (pens, 2)))
    assert (refused.status_code, slug_of(refused)) == (409, "insufficient-stock")
    available = left[2] if left else 0
    assert body_of(refused)["errors"] == [{"product_id": pens, "requested": 2, "available": available}]
    assert (warehouse.stock(pens), warehouse.stock(cups)) == (left, (5, 0, 5))


@pytest.mark.parametrize(
    ("meanwhile", "left"),
    [
        ("UPDATE stock SET reserved = 3 WHERE product_id = %s", (5, 5, 0)),
        ("UPDATE stock SET reserved = 0 WHERE product_id = %s", (5, 2, 3)),
        ("UPDATE stock SET on_hand = 9 WHERE product_id = %s", (9, 7, 2)),
        ("UPDATE stock SET on_hand = 3, reserved = 1 WHERE product_id = %s", (3, 3, 0)),
    ],
)
def test_a_reserve_that_waited_takes_what_became_free(
    warehouse: Warehouse, rival: Rival, meanwhile: str, left: tuple[int, int, int]
) -> None:
    pens, cups = warehouse.product(5), warehouse.product(5)
    warehouse.reserved((pens, 5))
    rival.run(meanwhile, pens)
    response = rival.hold_up(lambda other: other.reserve(new_id(), (cups, 1), (pens, 2)))
    assert response.status_code == 201
    assert (warehouse.stock(pens), warehouse.stock(cups)) == (left, (5, 1, 4))


@pytest.mark.parametrize(
    ("meanwhile", "action", "left"),
    [
        ("UPDATE stock SET on_hand = 10 WHERE product_id = %s", "commit", (8, 0, 8)),
        ("UPDATE stock SET on_hand = 10 WHERE product_id = %s", "release", (10, 0, 10)),
        ("UPDATE stock SET on_hand = 2 WHERE product_id = %s", "commit", (0, 0, 0)),
        ("UPDATE stock SET reserved = 5 WHERE product_id = %s", "commit", (3, 3, 0)),
        ("UPDATE stock SET reserved = 5 WHERE product_id = %s", "release", (5, 3, 2)),
    ],
)
def test_a_settlement_that_waited_counts_from_the_newest_stock(
    warehouse: Warehouse, rival: Rival, meanwhile: str, action: str, left: tuple[int, int, int]
) -> None:
    pens = warehouse.product(5)
    order = warehouse.reserved((pens, 2))
    rival.run(meanwhile, pens)
    assert rival.hold_up(lambda other: other.settle(order, action)).status_code == 200
    assert warehouse.stock(pens) == left


def test_stock_that_is_set_waits_for_a_reserve_and_respects_it(warehouse: Warehouse, rival: Rival) -> None:
    pens = warehouse.product(5)
    rival.run("UPDATE stock SET reserved = 3 WHERE product_id = %s", pens)
    refused = rival.hold_up(lambda other: other.set_stock(pens, 2))
    assert (refused.status_code, slug_of(refused)) == (409, "stock-reserved")
    assert warehouse.stock(pens) == (5, 3, 2)


def test_a_delete_waits_for_a_reserve_and_respects_it(warehouse: Warehouse, rival: Rival) -> None:
    pens = warehouse.product(5)
    rival.run("UPDATE stock SET reserved = 3 WHERE product_id = %s", pens)
    refused = rival.hold_up(lambda other: other.delete(pens))
    assert (refused.status_code, slug_of(refused)) == (409, "stock-reserved")
    assert warehouse.stock(pens) == (5, 3, 2)


def test_a_release_that_overtakes_a_waiting_reserve_refuses_it(warehouse: Warehouse, rival: Rival) -> None:
    pens, order = warehouse.product(5), new_id()
    rival.run(_LOCK, pens)
    late = rival.hold_up(
        lambda other: other.reserve(order, (pens, 2)), meanwhile=lambda: warehouse.settle(order, "release")
    )
    assert (late.status_code, slug_of(late)) == (409, "reservation-released")
    assert body_of(warehouse.settle(order, "release"))["lines"] == []
    assert warehouse.stock(pens) == (5, 0, 5)


def test_a_release_waits_for_the_reserve_that_is_being_carried_out(warehouse: Warehouse, rival: Rival) -> None:
    pens, order = warehouse.product(5), new_id()
    rival.run("UPDATE stock SET reserved = 2 WHERE product_id = %s", pens)
    rival.run("INSERT INTO reservations (order_id, status) VALUES (%s, 'reserved')", order)
    rival.run("INSERT INTO reservation_lines (order_id, product_id, quantity) VALUES (%s, %s, 2)", order, pens)
    released = rival.hold_up(lambda other: other.settle(order, "release"))
    assert released.status_code == 200
    assert body_of(released)["lines"] == [{"product_id": pens, "quantity": 2}]
    assert warehouse.stock(pens) == (5, 0, 5)
