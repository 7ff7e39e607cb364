"""Drawings of products through the API."""

from __future__ import annotations

from typing import Any

from products.picture import draw
from shopkit.ids import new_id
from shopkit.testing.client import ContractClient
from shopkit.testing.tokens import Tokens


def test_every_product_has_a_picture(client: ContractClient, add: Any) -> None:
    response = client.get(add(category="lighting").headers["Location"] + "/picture.svg")
    assert (response.status_code, response.mimetype) == (200, "image/svg+xml")
    assert response.text == draw("Lamp", "lighting")
    assert response.headers["Content-Security-Policy"] == "default-src 'none'"


def test_a_picture_is_sent_again_only_when_it_is_another(client: ContractClient, tokens: Tokens, add: Any) -> None:
    path = add().headers["Location"]
    tag = {"If-None-Match": client.get(f"{path}/picture.svg").headers["ETag"]}
    again = client.get(f"{path}/picture.svg", headers=tag)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag["If-None-Match"])
    assert client.patch(path, json={"name": "Torch"}, headers={**tokens.admin(), "If-Match": "*"}).status_code == 200
    assert client.get(f"{path}/picture.svg", headers=tag).status_code == 200


def test_an_unknown_product_has_no_picture(client: ContractClient) -> None:
    assert client.get(f"/api/v1/products/{new_id()}/picture.svg").status_code == 404
