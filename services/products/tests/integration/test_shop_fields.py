"""Category, picture and sku of products, and the list of categories."""

from __future__ import annotations

from typing import Any

import pytest

from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens

FULL = {"category": "desk-lamps", "image_url": "https://img.example/lamp.png?w=2", "sku": "LMP-001"}
LIST = "/api/v1/products"


def test_a_product_has_what_a_shop_shows(client: ContractClient, add: Any) -> None:
    created = add(**FULL)
    assert {name: body_of(created)[name] for name in FULL} == FULL
    assert client.get(created.headers["Location"]).json == created.json
    assert body_of(client.get(LIST))["items"] == [created.json]


def test_put_without_them_empties_them(client: ContractClient, tokens: Tokens, add: Any) -> None:
    path = add(**FULL).headers["Location"]
    body = {"name": "Lamp", "price": 1}
    response = client.put(path, json=body, headers={**tokens.admin(), "If-Match": '"1"'})
    assert {name: body_of(response)[name] for name in FULL} == dict.fromkeys(FULL)


@pytest.mark.parametrize("name", list(FULL))
def test_patch_empties_what_is_null_and_keeps_what_is_left_out(
    client: ContractClient, tokens: Tokens, add: Any, name: str
) -> None:
    path = add(**FULL).headers["Location"]
    response = client.patch(path, json={name: None}, headers={**tokens.admin(), "If-Match": '"1"'})
    assert {name: body_of(response)[name] for name in FULL} == {**FULL, name: None}
    assert client.get(path).json == response.json


@pytest.mark.parametrize("url", ["/", "/a", "/pictures/lamp.svg", "http://img.example/x"])
def test_pictures_may_be_anywhere_on_the_web(add: Any, url: str) -> None:
    assert body_of(add(image_url=url))["image_url"] == url


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"category": "Desk Lamps"}, "category"),
        ({"category": "-lamps"}, "category"),
        ({"category": "lamps\n"}, "category"),
        ({"category": ""}, "category"),
        ({"category": "a" * 65}, "category"),
        ({"image_url": "javascript:alert(1)"}, "image_url"),
        ({"image_url": "//other.example/x"}, "image_url"),
        ({"image_url": "/\\other.example/x"}, "image_url"),
        ({"image_url": "https://img.example/a b"}, "image_url"),
        ({"image_url": "/" + "a" * 2000}, "image_url"),
        ({"sku": ""}, "sku"),
        ({"sku": "-1"}, "sku"),
        ({"sku": "a b"}, "sku"),
        ({"sku": "a" * 65}, "sku"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_made(
    client: ContractClient, tokens: Tokens, changed: dict[str, str], field: str
) -> None:
    response = client.post(LIST, json={"name": "Lamp", "price": 1, **changed}, headers=tokens.admin())
    assert (response.status_code, [error["field"] for error in body_of(response)["errors"]]) == (422, [field])
    assert client.get(LIST).json == {"items": [], "next_cursor": None}


def test_no_two_products_share_a_sku(client: ContractClient, tokens: Tokens, add: Any) -> None:
    first, second = add(sku="A-1"), add(sku="A-2")
    refused = [
        client.post(LIST, json={"name": "Lamp", "price": 1, "sku": "A-1"}, headers=tokens.admin()),
        client.put(
            second.headers["Location"],
            json={"name": "Lamp", "price": 1, "sku": "A-1"},
            headers={**tokens.admin(), "If-Match": "*"},
        ),
        client.patch(second.headers["Location"], json={"sku": "A-1"}, headers={**tokens.admin(), "If-Match": "*"}),
    ]
    for response in refused:
        assert response.status_code == 409
        assert body_of(response)["type"] == "https://shopkeeper.dev/problems/sku-taken"
        assert body_of(response)["errors"] == [{"field": "sku", "detail": "is taken"}]
    assert body_of(client.get(LIST))["items"] == [first.json, second.json]


def test_many_products_may_have_no_sku(client: ContractClient, add: Any) -> None:
    assert [body_of(add())["sku"] for _ in range(2)] == [None, None]


def test_categories_are_listed_with_their_sizes(client: ContractClient, tokens: Tokens, add: Any) -> None:
    assert client.get("/api/v1/categories").json == {"items": []}
    for category in ("mugs", "desk-lamps", "mugs", None):
        last = add(category=category)
    expected = [{"category": "desk-lamps", "products": 1}, {"category": "mugs", "products": 2}]
    assert client.get("/api/v1/categories").json == {"items": expected}
    headers = {**tokens.admin(), "If-Match": '"1"'}
    assert client.patch(last.headers["Location"], json={"category": "mugs"}, headers=headers).status_code == 200
    assert body_of(client.get("/api/v1/categories"))["items"][1] == {"category": "mugs", "products": 3}
