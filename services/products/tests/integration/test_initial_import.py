"""An import of what a shop begins with: only what it never had, on a real PostgreSQL."""

from __future__ import annotations

from typing import Any

from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens

LAMP = {"sku": "A", "name": "Lamp", "price": 1999}
CUP = {"sku": "B", "name": "Cup", "price": 250}


def load(client: ContractClient, tokens: Tokens, *products: dict[str, Any], query: str = "initial=true") -> Any:
    response = client.post(f"/api/v1/products/import?{query}", json=products, headers=tokens.admin())
    assert response.status_code == 200, response.text
    return body_of(response)


def prices(client: ContractClient) -> dict[str, int]:
    return {item["sku"]: item["price"] for item in body_of(client.get("/api/v1/products"))["items"]}


def test_what_was_there_is_kept_as_it_is(client: ContractClient, tokens: Tokens) -> None:
    assert load(client, tokens, LAMP)["created"] == 1
    load(client, tokens, {**LAMP, "price": 2500}, query="initial=false")
    load(client, tokens, CUP, query="dry_run=false")
    report = load(client, tokens, LAMP, {**CUP, "price": 1})
    assert (report["created"], report["updated"], report["unchanged"], report["kept"]) == (0, 0, 0, 2)
    assert {line["result"] for line in report["lines"]} == {"kept"}
    assert None not in {line["id"] for line in report["lines"]}
    assert prices(client) == {"A": 2500, "B": 250}


def test_what_was_deleted_stays_so(client: ContractClient, tokens: Tokens) -> None:
    product_id = load(client, tokens, LAMP)["lines"][0]["id"]
    assert client.delete(f"/api/v1/products/{product_id}", headers=tokens.admin()).status_code == 204
    report = load(client, tokens, LAMP, CUP)
    assert [(line["result"], line["id"] is None) for line in report["lines"]] == [("kept", True), ("created", False)]
    assert prices(client) == {"B": 250}
    # Whoever wants it back imports it as any other product.
    assert load(client, tokens, LAMP, query="dry_run=false")["created"] == 1


def test_a_dry_run_remembers_nothing(client: ContractClient, tokens: Tokens) -> None:
    for _ in range(2):
        report = load(client, tokens, LAMP, query="initial=true&dry_run=true")
        assert (report["created"], report["lines"][0]["id"]) == (1, None)
    assert prices(client) == {}
