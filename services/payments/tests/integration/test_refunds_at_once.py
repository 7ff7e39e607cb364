"""Refunds and charges at the same moment, on a real PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from shopkit.database import Database
from shopkit.service import Service
from tests.integration.bank import Bank, service_with
from tests.integration.books import balances
from tests.integration.till import Till, order

BANK = Bank()
NOTHING = {"customer": 0, "provider": 0, "revenue": 0}


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The payments with a provider of the tests."""
    return service_with(BANK)


@pytest.fixture(autouse=True)
def bank() -> Iterator[Bank]:
    """The provider, with empty books."""
    BANK.reset()
    yield BANK
    BANK.reset()


def test_many_refunds_at_once_give_back_once(bank: Bank, database: Database, another: Callable[[], Till]) -> None:
    asked, start = order(), Barrier(8)
    another().charge(asked)

    def shopper(_: int) -> tuple[int, str]:
        till = another()
        start.wait(timeout=30)
        answer = till.refund(asked["order_id"])
        return answer.status_code, answer.text

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(shopper, range(8)))
    assert sorted(status for status, _ in answers) == [200] * 7 + [201]
    assert len({text for _, text in answers}) == 1
    assert (len(bank.given_back), balances(database)) == (1, NOTHING)


@pytest.mark.parametrize("attempt", range(5))
def test_a_charge_and_a_refund_at_once_leave_no_money_behind(
    bank: Bank, database: Database, another: Callable[[], Till], attempt: int
) -> None:
    asked, start = order(), Barrier(8)

    def shopper(number: int) -> int:
        till = another()
        start.wait(timeout=30)
        return (till.charge(asked) if number % 2 else till.refund(asked["order_id"])).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(shopper, range(8)))
    assert set(Counter(statuses[1::2])) <= {200, 201, 409}
    assert sorted(statuses[0::2]) == [200, 200, 200, 201]
    charge = database.fetch_row("SELECT id, status FROM charges")
    taken = 0 if charge["status"] == "voided" else 1999
    assert sum(request.amount for request in bank.given_back.values()) == taken
    assert set(balances(database).values()) <= {0}
    assert (charge["id"] in bank.voided) <= (charge["status"] == "voided")
