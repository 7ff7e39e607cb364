"""Attacks on the payments, on a real PostgreSQL: what is refused changes nothing and moves no money."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shopkit.database import Database
from shopkit.testing import attacks
from shopkit.testing.attacks import Target
from shopkit.testing.client import body_of
from shopkit.testing.tokens import Tokens
from tests.integration.till import Till, order


@pytest.fixture
def target(till: Till, database: Database, tokens: Tokens) -> Target:
    """A captured charge."""
    asked = order()
    charge = body_of(till.charge(asked))
    bodies = {
        "POST /internal/v1/charges": order(),
        "POST /internal/v1/refunds": {"order_id": asked["order_id"]},
    }
    return Target(till.client, database, tokens, {"payment_id": charge["id"]}, bodies, str(asked["user_id"]))


@pytest.mark.parametrize(
    ("attack", "least"),
    [
        (attacks.forged_tokens_change_nothing, 35),
        (attacks.foreign_fields_change_nothing, 15),
        (attacks.monstrous_bodies_change_nothing, 9),
        (attacks.injections_change_nothing, 12),
    ],
)
def test_an_attack_changes_nothing(target: Target, attack: Callable[[Target], int], least: int) -> None:
    assert attack(target) >= least


def test_other_peoples_payments_are_not_there(target: Target, tokens: Tokens) -> None:
    path = f"/api/v1/payments/{target.ids['payment_id']}"
    assert target.client.get(path, headers=tokens.user(target.owner)).status_code == 200
    assert target.client.get(path, headers=tokens.user()).status_code == 404


def test_a_shopper_moves_no_money(target: Target, tokens: Tokens) -> None:
    before = target.rows()
    for operation in target.operations("internal"):
        for headers in (tokens.user(target.owner), tokens.admin()):
            assert target.send(operation, headers).status_code == 401
    assert target.rows() == before


def test_there_is_no_charge_of_a_negative_amount(till: Till, target: Target) -> None:
    before = target.rows()
    for amount in (-1, 10**15 + 1, 1.5, "1999", None, True):
        assert till.charge({**order(), "amount": amount}).status_code == 422
    assert target.rows() == before
