"""Attacks on the catalogue, on a real PostgreSQL: what is refused changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing import attacks
from shopkit.testing.attacks import Target
from shopkit.testing.client import ContractClient, body_of
from shopkit.testing.tokens import Tokens

LAMP = {"name": "Lamp", "price": 1}
PRODUCT = "/api/v1/products/<id:product_id>"
BODIES = {
    "POST /api/v1/products": LAMP,
    f"PUT {PRODUCT}": LAMP,
    f"PATCH {PRODUCT}": {"price": 1},
    "POST /api/v1/products/import": [{**LAMP, "sku": "A"}],
}


@pytest.fixture
def target(client: ContractClient, database: Database, tokens: Tokens, add: Callable[..., TestResponse]) -> Target:
    """A catalogue of one lamp."""
    product_id = body_of(add(sku="LA-1", category="lamps"))["id"]
    return Target(client, database, tokens, {"product_id": product_id}, BODIES, new_id())


@pytest.mark.parametrize(
    ("attack", "least"),
    [
        (attacks.forged_tokens_change_nothing, 60),
        (attacks.foreign_fields_change_nothing, 20),
        (attacks.monstrous_bodies_change_nothing, 10),
        (attacks.injections_change_nothing, 60),
    ],
)
def test_an_attack_changes_nothing(target: Target, attack: Callable[[Target], int], least: int) -> None:
    assert attack(target) >= least


def test_a_shopper_changes_nothing(target: Target, tokens: Tokens) -> None:
    before = target.rows()
    for operation in target.operations("user"):
        assert target.send(operation, {**tokens.user(), "If-Match": "*"}).status_code == 403
    assert target.rows() == before
