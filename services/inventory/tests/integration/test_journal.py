"""The journal of stock movements, on a real PostgreSQL."""

from __future__ import annotations

import psycopg2
import pytest

from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens
from tests.integration.warehouse import Warehouse

pytestmark = pytest.mark.usefixtures("true_journal")


def test_every_change_of_the_pieces_on_hand_is_noted(warehouse: Warehouse) -> None:
    pens = warehouse.product(5)
    warehouse.set_stock(pens, 9)
    warehouse.set_stock(pens, 9)
    order = warehouse.reserved((pens, 2))
    for _ in range(2):
        warehouse.settle(order, "commit")
    warehouse.settle(warehouse.reserved((pens, 3)), "release")
    warehouse.set_stock(pens, 6)
    warehouse.delete(pens)
    warehouse.set_stock(pens, 4)
    assert warehouse.movements(pens) == [
        ("set", 4, None),
        ("delete", -6, None),
        ("set", -1, None),
        ("commit", -2, order),
        ("set", 4, None),
        ("set", 5, None),
    ]


def test_what_is_refused_is_not_noted(warehouse: Warehouse) -> None:
    pens, cups = warehouse.product(5), warehouse.product(1)
    order = warehouse.reserved((pens, 2))
    assert warehouse.set_stock(pens, 1).status_code == 409
    assert warehouse.delete(pens).status_code == 409
    assert warehouse.reserve(new_id(), (pens, 1), (cups, 2)).status_code == 409
    warehouse.settle(order, "release")
    assert warehouse.settle(order, "commit").status_code == 409
    assert (warehouse.movements(pens), warehouse.movements(cups)) == ([("set", 5, None)], [("set", 1, None)])


def test_each_product_of_an_order_has_its_movement(warehouse: Warehouse) -> None:
    pens, cups = warehouse.product(5), warehouse.product(5)
    first, second = warehouse.reserved((pens, 1), (cups, 2)), warehouse.reserved((pens, 3))
    warehouse.settle(second, "commit")
    warehouse.settle(first, "commit")
    # A later change on the same connection belongs to no order.
    warehouse.set_stock(pens, 7)
    sold = [("commit", -1, first), ("commit", -3, second), ("set", 5, None)]
    assert warehouse.movements(pens) == [("set", 6, None), *sold]
    assert warehouse.movements(cups) == [("commit", -2, first), ("set", 5, None)]


@pytest.mark.parametrize(
    ("statement", "reason", "delta"),
    [
        ("UPDATE stock SET on_hand = on_hand - 3, reserved = reserved - 2 WHERE product_id = %s", "commit", -3),
        ("UPDATE stock SET on_hand = 8 WHERE product_id = %s", "set", 3),
        ("DELETE FROM stock WHERE product_id = %s", "delete", -5),
    ],
)
def test_what_is_done_past_the_service_is_noted_too(
    warehouse: Warehouse, database: Database, statement: str, reason: str, delta: int
) -> None:
    pens = warehouse.product(5)
    warehouse.reserved((pens, 2))
    database.execute(statement, (pens,))
    assert warehouse.movements(pens) == [(reason, delta, None), ("set", 5, None)]


@pytest.mark.parametrize("statement", ["UPDATE movements SET delta = 6", "DELETE FROM movements"])
def test_the_journal_cannot_be_changed(warehouse: Warehouse, database: Database, statement: str) -> None:
    pens = warehouse.product(5)
    with pytest.raises(psycopg2.errors.RestrictViolation):
        database.execute(statement)
    assert warehouse.movements(pens) == [("set", 5, None)]


def test_it_is_read_page_by_page(warehouse: Warehouse, client: ContractClient, tokens: Tokens) -> None:
    pens = warehouse.product(1)
    for quantity in (2, 4, 8, 16):
        warehouse.set_stock(pens, quantity)
    warehouse.product(3)
    deltas, cursor = [], ""
    for size in (2, 2, 1):
        page = body_of(client.get(f"/api/v1/inventory/{pens}/movements?limit=2{cursor}", headers=tokens.admin()))
        assert len(page["items"]) == size
        assert {item["product_id"] for item in page["items"]} == {pens}
        deltas += [item["delta"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert (deltas, cursor) == ([8, 4, 2, 1, 1], "&cursor=None")


def test_a_cursor_of_elsewhere_is_harmless(warehouse: Warehouse, client: ContractClient, tokens: Tokens) -> None:
    pens = warehouse.product(1)
    path = f"/api/v1/inventory/{pens}/movements?cursor="
    first, last = (client.get(path + letter * 22, headers=tokens.admin()) for letter in ("A", "_"))
    assert (first.status_code, body_of(first)["items"]) == (200, [])
    assert (last.status_code, len(body_of(last)["items"])) == (200, 1)


def test_a_product_that_nobody_knows_has_no_journal(warehouse: Warehouse, client: ContractClient) -> None:
    empty, gone = warehouse.product(0), warehouse.product(1)
    warehouse.delete(gone)
    assert warehouse.movements(empty) == []
    assert warehouse.movements(gone) == [("delete", -1, None), ("set", 1, None)]
    unknown = client.get(f"/api/v1/inventory/{new_id()}/movements", headers=warehouse.tokens.admin())
    assert unknown.status_code == 404


def test_only_admins_read_it(warehouse: Warehouse, client: ContractClient, tokens: Tokens) -> None:
    path = f"/api/v1/inventory/{warehouse.product(1)}/movements"
    answers = [client.get(path, headers=headers) for headers in ({}, tokens.internal(), tokens.user())]
    assert [answer.status_code for answer in answers] == [401, 401, 403]
