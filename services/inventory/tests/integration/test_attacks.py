"""Attacks on the inventory, on a real PostgreSQL: what is refused changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing import attacks
from shopkit.testing.attacks import Target
from shopkit.testing.tokens import Tokens
from tests.integration.warehouse import Warehouse


@pytest.fixture
def target(warehouse: Warehouse, database: Database, tokens: Tokens) -> Target:
    """Five pieces, two of them set aside for an order."""
    product_id = warehouse.product(5)
    ids = {"product_id": product_id, "order_id": warehouse.reserved((product_id, 2))}
    line = {"product_id": product_id, "quantity": 1}
    bodies = {
        "POST /api/v1/inventory/<id:product_id>": {"quantity": 1000},
        "POST /internal/v1/reservations": {"order_id": new_id(), "lines": [line]},
    }
    return Target(warehouse.client, database, tokens, ids, bodies, new_id())


@pytest.mark.parametrize(
    ("attack", "least"),
    [
        (attacks.forged_tokens_change_nothing, 70),
        (attacks.foreign_fields_change_nothing, 15),
        (attacks.monstrous_bodies_change_nothing, 6),
        (attacks.injections_change_nothing, 40),
    ],
)
def test_an_attack_changes_nothing(target: Target, attack: Callable[[Target], int], least: int) -> None:
    assert attack(target) >= least


def test_a_shopper_changes_nothing(target: Target, tokens: Tokens) -> None:
    before = target.rows()
    for operation in target.operations("user"):
        assert target.send(operation, tokens.user()).status_code == 403
    for operation in target.operations("internal"):
        assert target.send(operation, tokens.user()).status_code == 401
    assert target.rows() == before
