"""The ledger balances whatever happens, on a real PostgreSQL."""

from __future__ import annotations

import psycopg2
import pytest

from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.client import body_of
from tests.integration.books import balances, entries
from tests.integration.till import Till, order

_ENTRY = """
INSERT INTO ledger_entries (transaction_id, posting, account, order_id, amount, currency)
VALUES (%s, %s, %s, %s, %s, %s)"""


def test_a_captured_charge_is_booked(till: Till, database: Database) -> None:
    charge = body_of(till.charge(order(amount=700)))
    assert entries(database, charge["id"]) == [
        ("payment", "customer", -700),
        ("payment", "provider", 700),
        ("sale", "customer", 700),
        ("sale", "revenue", -700),
    ]
    assert balances(database) == {"customer": 0, "provider": 700, "revenue": -700}


@pytest.mark.parametrize("changed", [{"payment_method": "pm_card_declined"}, {"amount": 0}])
def test_where_no_money_moves_nothing_is_booked(till: Till, database: Database, changed: dict[str, object]) -> None:
    till.charge(order(**changed))
    assert balances(database) == {}


def test_a_pending_charge_is_not_booked(till: Till, database: Database) -> None:
    till.charge(order(payment_method="pm_card_timeout"))
    assert balances(database) == {}


def test_the_books_agree_with_charges_and_refunds(till: Till, database: Database) -> None:
    for amount, given_back in ((500, None), (700, 200), (1100, 0), (0, None)):
        asked = order(amount=amount)
        till.charge(asked)
        till.charge(asked)
        if given_back != 0:
            till.refund(asked["order_id"], given_back)
            till.refund(asked["order_id"], given_back)
    assert balances(database) == {"customer": 0, "provider": 1600, "revenue": -1600}


@pytest.mark.parametrize(
    "amounts",
    [
        [("sale", "customer", 5, "EUR")],
        [("sale", "customer", 5, "EUR"), ("sale", "revenue", -4, "EUR")],
        [("sale", "customer", 5, "EUR"), ("sale", "revenue", -5, "USD")],
        [("sale", "customer", 5, "EUR"), ("payment", "provider", -5, "EUR")],
    ],
)
def test_what_does_not_balance_is_refused_at_commit(
    till: Till, database: Database, amounts: list[tuple[str, str, int, str]]
) -> None:
    till.charge(order(amount=700))
    before = balances(database)
    transaction_id, order_id = new_id(), new_id()

    def book() -> None:
        with database.transaction() as transaction:
            for posting, account, amount, currency in amounts:
                transaction.execute(_ENTRY, (transaction_id, posting, account, order_id, amount, currency))

    with pytest.raises(psycopg2.errors.CheckViolation, match="does not balance"):
        book()
    assert (balances(database), entries(database, transaction_id)) == (before, [])


@pytest.mark.parametrize("statement", ["UPDATE ledger_entries SET amount = amount + 1", "DELETE FROM ledger_entries"])
def test_what_is_booked_stays(till: Till, database: Database, statement: str) -> None:
    till.charge(order(amount=700))
    before = balances(database)
    with pytest.raises(psycopg2.errors.RestrictViolation):
        database.execute(statement)
    assert balances(database) == before


def test_a_charge_that_cannot_be_booked_is_not_captured(till: Till, database: Database) -> None:
    till.charge(order(payment_method="pm_card_timeout"))
    charge = database.fetch_row("SELECT id, order_id FROM charges")
    with database.transaction() as transaction:
        for posting, amount in (("sale", 5), ("payment", -5)):
            for account, sign in (("customer", 1), ("provider", -1)):
                values = (charge["id"], posting, account, charge["order_id"], sign * amount, "EUR")
                transaction.execute(_ENTRY, values)
    with pytest.raises(psycopg2.errors.UniqueViolation):
        database.execute("UPDATE charges SET status = 'captured', settled_at = now()")
    assert database.fetch_row("SELECT status FROM charges")["status"] == "pending"
