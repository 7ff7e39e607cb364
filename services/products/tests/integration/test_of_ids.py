"""Products asked for by their ids, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.test import TestResponse

from shopkit.ids import new_id
from shopkit.testing.client import ContractClient, body_of

Add = Callable[..., TestResponse]


def test_products_are_found_by_their_ids(client: ContractClient, add: Add) -> None:
    lamp, cup, _ = (body_of(add(name=name)) for name in ("Lamp", "Cup", "Chair"))
    found = body_of(client.get(f"/api/v1/products?ids={cup['id'].upper()},{lamp['id']},{new_id()},{cup['id']}"))
    assert found == {"items": [lamp, cup], "next_cursor": None}


def test_other_parameters_do_not_go_with_ids(client: ContractClient) -> None:
    refused = client.get(f"/api/v1/products?ids={new_id()}&q=lamp&limit=1")
    assert refused.status_code == 422
    assert [fault["field"] for fault in body_of(refused)["errors"]] == ["limit", "q"]


def test_what_is_no_list_of_ids_is_refused(client: ContractClient) -> None:
    many = ",".join(new_id() for _ in range(101))
    for ids in ("", "lamp", f"{new_id()},", f"{new_id()};DROP TABLE products", many):
        assert client.get("/api/v1/products", query_string={"ids": ids}).status_code == 422
    assert client.get("/api/v1/products", query_string={"ids": many[: 100 * 37 - 1]}).status_code == 200
