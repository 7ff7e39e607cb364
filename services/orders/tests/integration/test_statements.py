"""How many SQL statements an order costs that is placed and paid, counted in the real services."""

from __future__ import annotations

import pytest

from shopkit.ids import new_id
from shopkit.testing.postgres import Templates
from shopkit.testing.tokens import Tokens
from tests.integration.faultshop import LAMP, FaultShop

# A product, or all of an order that has several: one statement (services/products).
OF_PRODUCTS = 1
MOST = 25
BEFORE = "before statement of "


def test_an_order_with_its_payment_takes_few_statements(
    database_templates: Templates, tokens: Tokens, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # The worker does not meddle, however slow the machine is.
    patience = {"SAGA_IDLE_SECONDS": "600", "RESERVATION_TTL_SECONDS": "600", "PAYMENT_DEADLINE_SECONDS": "600"}
    with FaultShop(database_templates, tokens, tmp_path_factory.mktemp("statements"), **patience) as shop:

        def buy() -> None:
            user = new_id()
            status, order = shop.send("", {"lines": [{"product_id": LAMP, "quantity": 2}]}, user)
            assert status == 201
            assert shop.send(f"/{order['id']}/pay", {"payment_method": "pm_card_approved"}, user)[0] == 200

        passed = shop.passed(buy)
    statements = {
        name: {boundary.removeprefix(BEFORE): times for boundary, times in of.items() if boundary.startswith(BEFORE)}
        for name, of in passed.items()
    }
    assert statements == {
        "orders": {
            "OrderRepository.add to created": 1,
            "OrderRepository.move to reserved": 1,
            "OrderRepository.get": 1,
            "OrderRepository.move to paying": 1,
            "OrderRepository.move to captured": 1,
            "OrderRepository.move to confirmed": 1,
        },
        "inventory": {"ReservationRepository.reserve": 1, "ReservationRepository._settle to committed": 1},
        "payments": {"ChargeRepository.begin": 1, "ChargeRepository.settle": 1},
    }
    # Each is a transaction of its own, without BEGIN and COMMIT.
    assert not [boundary for of in passed.values() for boundary in of if boundary.startswith("before commit")]
    assert OF_PRODUCTS + sum(sum(of.values()) for of in statements.values()) == 11 <= MOST
