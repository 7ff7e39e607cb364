"""The catalogue through its API, on a real PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest

from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens

LAMP = {"name": "Lamp", "description": "It shines.", "price": 1999}


def test_a_created_product_can_be_read_by_everyone(client: ContractClient, tokens: Tokens) -> None:
    created = client.post("/api/v1/products", json=LAMP, headers=tokens.admin())
    assert created.status_code == 201
    product = body_of(created)
    own = {name: product.pop(name) for name in ("id", "created_at", "updated_at")}
    assert product == {**LAMP, "currency": "EUR", "category": None, "image_url": None, "sku": None}
    product |= own
    assert product["created_at"] == product["updated_at"]
    assert product["created_at"].endswith("Z")
    assert created.headers["Location"] == f"/api/v1/products/{product['id']}"
    read = client.get(created.headers["Location"])
    assert (read.status_code, read.json) == (200, product)


def test_an_id_in_upper_case_is_the_same_product(client: ContractClient, add: Any) -> None:
    product = body_of(add())
    assert client.get(f"/api/v1/products/{product['id'].upper()}").json == product


def test_the_description_may_be_left_out(client: ContractClient, tokens: Tokens) -> None:
    response = client.post("/api/v1/products", json={"name": "Lamp", "price": 0}, headers=tokens.admin())
    assert (body_of(response)["description"], body_of(response)["price"]) == ("", 0)


def test_a_deleted_product_is_gone(client: ContractClient, tokens: Tokens, add: Any) -> None:
    path = add().headers["Location"]
    assert client.delete(path, headers=tokens.admin()).status_code == 204
    assert client.get(path).status_code == 404
    assert client.delete(path, headers=tokens.admin()).status_code == 404


def test_an_unknown_product_is_a_problem_document(client: ContractClient) -> None:
    path = f"/api/v1/products/{new_id()}"
    response = client.get(path)
    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"
    assert response.json == {
        "type": "https://shopkeeper.dev/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": f"There is no product {path.rpartition('/')[2]}.",
        "instance": path,
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/products"), ("DELETE", "/api/v1/products/0190b2c4-0000-7000-8000-000000000001")],
)
def test_only_admins_change_the_catalogue(client: ContractClient, tokens: Tokens, method: str, path: str) -> None:
    assert client.open(path, method=method, json=LAMP).status_code == 401
    assert client.open(path, method=method, json=LAMP, headers=tokens.user()).status_code == 403
    assert client.get("/api/v1/products").json == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("changed", "field", "detail"),
    [
        ({"price": -1}, "price", "Input should be greater than or equal to 0"),
        ({"price": "12"}, "price", "Input should be a valid integer"),
        ({"price": 1.5}, "price", "Input should be a valid integer"),
        ({"price": 10**13}, "price", "Input should be less than or equal to 1000000000000"),
        ({"name": ""}, "name", "String should have at least 1 character"),
        ({"name": "a\x00b"}, "name", "contains a NUL character"),
        ({"id": "7"}, "id", "is not known"),
        ({"version": 7}, "version", "is not known"),
    ],
)
def test_a_wrong_field_is_named(
    client: ContractClient, tokens: Tokens, changed: dict[str, Any], field: str, detail: str
) -> None:
    response = client.post("/api/v1/products", json={**LAMP, **changed}, headers=tokens.admin())
    assert response.status_code == 422
    assert body_of(response)["errors"] == [{"field": field, "detail": detail}]
    assert client.get("/api/v1/products").json == {"items": [], "next_cursor": None}


def test_pages_follow_each_other_in_the_order_of_creation(client: ContractClient, add: Any) -> None:
    names = [f"Lamp {number}" for number in range(5)]
    for name in names:
        add(name=name)
    seen, cursor = [], ""
    for size in (2, 2, 1):
        page = body_of(client.get(f"/api/v1/products?limit=2{cursor}"))
        assert len(page["items"]) == size
        seen += [item["name"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert (seen, cursor) == (names, "&cursor=None")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x", "page=2", "limit=1&limit=2"])
def test_a_wrong_query_parameter_is_named(client: ContractClient, query: str) -> None:
    response = client.get(f"/api/v1/products?{query}")
    assert response.status_code == 422
    assert [error["field"] for error in body_of(response)["errors"]] == [query.partition("=")[0]]
