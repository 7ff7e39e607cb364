"""Stock through its API, on a real PostgreSQL."""

from __future__ import annotations

import psycopg2
import pytest

from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens
from tests.integration.warehouse import UNKNOWN, Warehouse, slug_of

pytestmark = pytest.mark.usefixtures("true_journal")


def test_stock_that_was_set_can_be_read_by_everyone(warehouse: Warehouse) -> None:
    product = new_id()
    expected = {"product_id": product, "on_hand": 5, "reserved": 0, "available": 5}
    answer = warehouse.set_stock(product, 5)
    assert (answer.status_code, answer.json) == (200, expected)
    read = warehouse.client.get(f"/api/v1/inventory/{product.upper()}")
    assert (read.status_code, read.json) == (200, expected)


def test_setting_again_replaces_and_keeps_what_is_reserved(warehouse: Warehouse) -> None:
    product = warehouse.product(5)
    warehouse.reserved((product, 3))
    answer = warehouse.set_stock(product, 3)
    assert (answer.status_code, body_of(answer)["available"]) == (200, 0)
    warehouse.set_stock(product, 10)
    assert warehouse.stock(product) == (10, 3, 7)


def test_stock_cannot_be_set_below_what_is_reserved(warehouse: Warehouse) -> None:
    product = warehouse.product(5)
    warehouse.reserved((product, 3))
    refused = warehouse.set_stock(product, 2)
    assert (refused.status_code, slug_of(refused)) == (409, "stock-reserved")
    assert body_of(refused)["detail"] == f"More than 2 pieces of {product} are reserved: set at least as many."
    assert warehouse.stock(product) == (5, 3, 2)


def test_a_deleted_product_is_unknown(warehouse: Warehouse) -> None:
    product, other = warehouse.product(5), warehouse.product(6)
    assert warehouse.delete(product).status_code == 204
    assert warehouse.stock(product) is UNKNOWN
    assert warehouse.delete(product).status_code == 404
    assert warehouse.stock(other) == (6, 0, 6)


def test_a_product_is_not_deleted_while_pieces_are_reserved(warehouse: Warehouse) -> None:
    product = warehouse.product(5)
    order = warehouse.reserved((product, 1))
    refused = warehouse.delete(product)
    assert (refused.status_code, slug_of(refused)) == (409, "stock-reserved")
    assert warehouse.stock(product) == (5, 1, 4)
    warehouse.settle(order, "commit")
    assert warehouse.delete(product).status_code == 204


def test_an_unknown_product_is_a_problem_document(client: ContractClient) -> None:
    product = new_id()
    response = client.get(f"/api/v1/inventory/{product}")
    assert (response.status_code, slug_of(response)) == (404, "not-found")
    assert body_of(response)["detail"] == f"The inventory does not know product {product}."


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_only_admins_change_stock(warehouse: Warehouse, tokens: Tokens, method: str) -> None:
    product = warehouse.product(5)
    path, client = f"/api/v1/inventory/{product}", warehouse.client
    assert client.open(path, method=method, json={"quantity": 1}).status_code == 401
    assert client.open(path, method=method, json={"quantity": 1}, headers=tokens.internal()).status_code == 401
    assert client.open(path, method=method, json={"quantity": 1}, headers=tokens.user()).status_code == 403
    assert warehouse.stock(product) == (5, 0, 5)


@pytest.mark.parametrize(
    ("quantity", "detail"),
    [
        (-1, "Input should be greater than or equal to 0"),
        (1_000_000_001, "Input should be less than or equal to 1000000000"),
        (1.5, "Input should be a valid integer"),
        ("5", "Input should be a valid integer"),
        (True, "Input should be a valid integer"),
        (None, "Input should be a valid integer"),
    ],
)
def test_a_wrong_quantity_is_named(warehouse: Warehouse, quantity: object, detail: str) -> None:
    product = warehouse.product(5)
    response = warehouse.set_stock(product, quantity)
    assert response.status_code == 422
    assert body_of(response)["errors"] == [{"field": "quantity", "detail": detail}]
    assert warehouse.stock(product) == (5, 0, 5)


def test_an_unknown_field_is_named(warehouse: Warehouse, tokens: Tokens) -> None:
    product = warehouse.product(5)
    body = {"quantity": 7, "reserved": 0}
    response = warehouse.client.post(f"/api/v1/inventory/{product}", json=body, headers=tokens.admin())
    assert response.status_code == 422
    assert body_of(response)["errors"] == [{"field": "reserved", "detail": "is not known"}]
    assert warehouse.stock(product) == (5, 0, 5)


@pytest.mark.parametrize("change", ["on_hand = 2", "on_hand = -1", "reserved = 6", "reserved = -1"])
def test_the_database_itself_refuses_stock_below_zero(warehouse: Warehouse, database: Database, change: str) -> None:
    product = warehouse.product(5)
    warehouse.reserved((product, 3))
    with pytest.raises(psycopg2.errors.CheckViolation):
        database.execute(f"UPDATE stock SET {change} WHERE product_id = %s", (product,))
    assert warehouse.stock(product) == (5, 3, 2)


def test_first_stock_is_set_only_where_there_is_none(warehouse: Warehouse) -> None:
    product = new_id()
    path, headers = f"/api/v1/inventory/{product}", {**warehouse.tokens.admin(), "If-None-Match": "*"}
    first = warehouse.client.post(path, json={"quantity": 5}, headers=headers)
    assert (first.status_code, body_of(first)["on_hand"]) == (200, 5)
    again = warehouse.client.post(path, json={"quantity": 9}, headers=headers)
    assert (again.status_code, slug_of(again)) == (412, "precondition-failed")
    other = warehouse.client.post(path, json={"quantity": 9}, headers={**headers, "If-None-Match": '"5"'})
    assert other.status_code == 422
    assert warehouse.stock(product) == (5, 0, 5)


def test_the_stock_of_several_products_is_read_at_once(warehouse: Warehouse) -> None:
    pens, cups = warehouse.product(5), warehouse.product(6)
    warehouse.reserved((cups, 2))
    found = warehouse.client.get(f"/api/v1/inventory?product_ids={cups.upper()},{new_id()},{pens}")
    assert body_of(found)["items"] == [
        {"product_id": pens, "on_hand": 5, "reserved": 0, "available": 5},
        {"product_id": cups, "on_hand": 6, "reserved": 2, "available": 4},
    ]
    for wrong in ("", "?product_ids=", "?product_ids=pens", f"?product_ids={pens}&limit=1"):
        assert warehouse.client.get(f"/api/v1/inventory{wrong}").status_code == 422
