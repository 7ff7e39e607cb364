"""Refunds and voids through their API, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from payments.provider import ChargeRequest, Declined, Outcome, RefundRequest
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.service import Service
from shopkit.testing.client import body_of
from tests.integration.bank import Bank, captured, service_with, silent
from tests.integration.books import balances, entries
from tests.integration.till import Till, order, slug_of

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


def everything(database: Database) -> list[Any]:
    return [database.fetch_all(f"SELECT * FROM {t} ORDER BY 1, 2, 3") for t in ("charges", "refunds", "ledger_entries")]


def test_a_captured_charge_is_given_back(till: Till, bank: Bank, database: Database) -> None:
    asked = order()
    charge = body_of(till.charge(asked))
    answer = till.refund(asked["order_id"])
    assert answer.status_code == 201
    refund = body_of(answer)
    assert {**refund, "id": "", "created_at": ""} == {
        "id": "",
        "order_id": asked["order_id"],
        "status": "refunded",
        "amount": 1999,
        "currency": "EUR",
        "created_at": "",
    }
    assert bank.given_back == {refund["id"]: RefundRequest(refund["id"], charge["id"], 1999, "EUR")}
    assert bank.voided == []
    assert entries(database, refund["id"]) == [
        ("credit", "customer", -1999),
        ("credit", "revenue", 1999),
        ("refund", "customer", 1999),
        ("refund", "provider", -1999),
    ]
    assert balances(database) == NOTHING
    assert body_of(till.charge(asked))["status"] == "captured", "what was charged stays written"


def test_refunding_again_changes_nothing(till: Till, bank: Bank, database: Database) -> None:
    asked = order()
    till.charge(asked)
    first = till.refund(asked["order_id"])
    before = everything(database)
    again = till.refund(asked["order_id"])
    assert (first.status_code, again.status_code, again.json) == (201, 200, first.json)
    assert (everything(database), len(bank.given_back)) == (before, 1)


def test_a_part_is_given_back(till: Till, database: Database) -> None:
    asked = order(amount=1000)
    till.charge(asked)
    assert body_of(till.refund(asked["order_id"], 300))["amount"] == 300
    assert balances(database) == {"customer": 0, "provider": 700, "revenue": -700}


def test_an_order_is_refunded_once(till: Till, bank: Bank, database: Database) -> None:
    asked = order(amount=1000)
    till.charge(asked)
    till.refund(asked["order_id"], 300)
    before = everything(database)
    refused = till.refund(asked["order_id"], 400)
    assert (refused.status_code, slug_of(refused)) == (409, "refund-mismatch")
    assert body_of(refused)["errors"] == [{"field": "amount", "detail": "differs from the refund that the order has"}]
    assert till.refund(asked["order_id"]).status_code == 200
    assert (everything(database), len(bank.given_back)) == (before, 1)


def test_no_more_is_given_back_than_was_taken(till: Till, bank: Bank, database: Database) -> None:
    asked = order(amount=1000)
    till.charge(asked)
    before = everything(database)
    refused = till.refund(asked["order_id"], 1001)
    assert refused.status_code == 422
    assert body_of(refused)["errors"] == [{"field": "amount", "detail": "is more than the order was charged"}]
    assert (everything(database), bank.given_back) == (before, {})


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1, "5", 1.5])
def test_a_wrong_amount_is_named(till: Till, database: Database, amount: object) -> None:
    asked = order()
    till.charge(asked)
    before = everything(database)
    refused = till.refund(asked["order_id"], amount)
    assert (refused.status_code, [fault["field"] for fault in body_of(refused)["errors"]]) == (422, ["amount"])
    assert everything(database) == before


def test_an_order_of_free_products_gets_nothing_back(till: Till, bank: Bank, database: Database) -> None:
    asked = order(amount=0)
    till.charge(asked)
    refund = body_of(till.refund(asked["order_id"]))
    assert (refund["status"], refund["amount"]) == ("refunded", 0)
    assert (bank.given_back, bank.voided, balances(database)) == ({}, [], {})


def test_an_order_that_was_never_charged_is_voided_for_good(till: Till, bank: Bank, database: Database) -> None:
    asked = order()
    voided = till.refund(asked["order_id"])
    assert voided.status_code == 201
    assert {**body_of(voided), "id": "", "created_at": ""} == {
        "id": "",
        "order_id": asked["order_id"],
        "status": "voided",
        "amount": 0,
        "currency": None,
        "created_at": "",
    }
    before = everything(database)
    for method in ("pm_card_approved", "pm_card_declined"):
        late = till.charge({**asked, "payment_method": method})
        assert (late.status_code, slug_of(late)) == (409, "charge-voided")
    again = till.refund(asked["order_id"])
    assert (again.status_code, again.json) == (200, voided.json)
    assert till.refund(asked["order_id"], 5).json == voided.json
    assert (everything(database), bank.asked, bank.voided) == (before, [], [])


def test_a_tombstone_is_no_payment(till: Till, database: Database) -> None:
    till.refund(new_id())
    tombstone = database.fetch_row("SELECT id FROM charges")["id"]
    assert till.get(tombstone, till.tokens.admin()).status_code == 404


def test_a_declined_charge_stays_declined(till: Till, bank: Bank, database: Database) -> None:
    bank.answer = lambda _: Declined("no_funds")
    asked = order()
    till.charge(asked)
    assert body_of(till.refund(asked["order_id"]))["status"] == "voided"
    assert body_of(till.charge(asked))["status"] == "declined"
    assert (bank.given_back, bank.voided, balances(database)) == ({}, [], {})


def test_a_pending_charge_is_voided_at_the_provider(till: Till, bank: Bank, database: Database) -> None:
    asked = order()
    bank.answer = silent
    till.charge(asked)
    assert len(bank.books) == 1, "the provider has taken the money"
    voided = till.refund(asked["order_id"])
    assert (voided.status_code, body_of(voided)["status"], body_of(voided)["amount"]) == (201, "voided", 0)
    assert bank.books == {}, "and given it back"
    bank.answer = captured
    late = till.charge(asked)
    assert (late.status_code, slug_of(late), len(bank.asked)) == (409, "charge-voided", 1)
    charge = database.fetch_row("SELECT id, status FROM charges")
    assert (charge["status"], bank.voided, balances(database)) == ("voided", [charge["id"]], {})
    own = till.get(charge["id"], till.tokens.user(asked["user_id"]))
    assert (own.status_code, body_of(own)["status"]) == (200, "voided")


def test_an_answer_that_comes_after_the_void_captures_nothing(
    till: Till, bank: Bank, database: Database, another: Callable[[], Till]
) -> None:
    asked = order()

    def late(request: ChargeRequest) -> Outcome:
        assert body_of(another().refund(asked["order_id"]))["status"] == "voided"
        return captured(request)

    bank.answer = late
    refused = till.charge(asked)
    assert (refused.status_code, slug_of(refused)) == (409, "charge-voided")
    assert database.fetch_row("SELECT status FROM charges")["status"] == "voided"
    assert (bank.books, balances(database)) == ({}, {})


@pytest.mark.parametrize(("answer", "status"), [(captured, "refunded"), (silent, "voided")])
def test_a_refund_goes_on_when_the_provider_is_back(
    till: Till, bank: Bank, database: Database, answer: Callable[[ChargeRequest], Outcome], status: str
) -> None:
    asked = order()
    bank.answer = answer
    till.charge(asked)
    booked = balances(database)
    bank.reachable = False
    for _ in range(2):
        failed = till.refund(asked["order_id"])
        assert (failed.status_code, slug_of(failed), failed.headers["Retry-After"]) == (504, "provider-timeout", "1")
        assert database.fetch_row("SELECT status FROM refunds")["status"] == "pending"
        assert balances(database) == booked, "nothing is booked before it is known"
    bank.reachable = True
    done = till.refund(asked["order_id"])
    assert (done.status_code, body_of(done)["status"]) == (200, status)
    assert len(bank.given_back) == (1 if status == "refunded" else 0)
    assert set(balances(database).values()) <= {0}
    assert till.refund(asked["order_id"]).json == done.json


def test_only_services_refund(till: Till, database: Database) -> None:
    asked = order()
    till.charge(asked)
    before = everything(database)
    for headers in ({}, till.tokens.user(), till.tokens.admin(), {"Authorization": "Bearer internal"}):
        response = till.client.post("/internal/v1/refunds", json={"order_id": asked["order_id"]}, headers=headers)
        assert (response.status_code, slug_of(response)) == (401, "unauthorized")
    assert everything(database) == before
