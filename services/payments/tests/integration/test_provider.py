"""What lies between the provider and the database: crashes, late answers, requests at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import psycopg2
import pytest

from payments.provider import ChargeRequest, Declined, Outcome
from shopkit.database import Database
from shopkit.service import Service
from shopkit.testing.client import body_of
from tests.integration.bank import Bank, captured, service_with, silent
from tests.integration.till import Till, order, slug_of

BANK = Bank()


@pytest.fixture(scope="module")
def service() -> Service[Any]:
    """The payments with a provider of the tests."""
    return service_with(BANK)


@pytest.fixture(scope="module")
def extra_environ() -> dict[str, str]:
    """A request that waits for a locked row gives up soon."""
    return {"DATABASE_LOCK_TIMEOUT_SECONDS": "0.2"}


@pytest.fixture
def bank() -> Iterator[Bank]:
    """The provider, with empty books."""
    BANK.reset()
    yield BANK
    BANK.reset()


def statuses(database: Database) -> list[str]:
    return [row["status"] for row in database.fetch_all("SELECT status FROM charges ORDER BY id")]


def test_the_charge_is_durable_before_the_provider_is_asked(
    till: Till, bank: Bank, database: Database, database_url: str
) -> None:
    seen = []

    def look(request: ChargeRequest) -> Outcome:
        with closing(psycopg2.connect(database_url)) as opened, opened.cursor() as cursor:
            cursor.execute("SELECT id, status FROM charges")
            seen.append((cursor.fetchall(), database.stats().in_use))
        return captured(request)

    bank.answer = look
    charge = body_of(till.charge(order(amount=700)))
    # And no connection to the database is held while the provider takes its time.
    assert seen == [([(charge["id"], "pending")], 0)]
    assert bank.asked == [ChargeRequest(charge["id"], 700, "EUR", "pm_card_approved")]
    assert statuses(database) == ["captured"]


@pytest.mark.parametrize(("answer", "status"), [(captured, "captured"), (lambda _: Declined("no_funds"), "declined")])
def test_after_a_timeout_the_same_charge_is_asked_for_again(
    till: Till, bank: Bank, database: Database, answer: Callable[[ChargeRequest], Outcome], status: str
) -> None:
    asked = order()
    bank.answer = silent
    assert till.charge(asked).status_code == 504
    assert statuses(database) == ["pending"]
    bank.answer = answer
    again = till.charge(asked)
    assert (again.status_code, body_of(again)["status"]) == (200, status)
    assert bank.asked[0] == bank.asked[1]
    assert bank.books == {body_of(again)["id"]: 1999}
    assert till.charge(asked).json == again.json
    assert (len(bank.asked), statuses(database)) == (2, [status])


def test_after_a_crash_in_the_call_the_same_charge_is_asked_for_again(
    till: Till, bank: Bank, database: Database
) -> None:
    asked = order()

    def crash(_request: ChargeRequest) -> Outcome:
        raise RuntimeError("the process dies here")

    bank.answer = crash
    assert till.charge(asked).status_code == 500
    assert statuses(database) == ["pending"]
    bank.answer = captured
    again = till.charge(asked)
    assert (again.status_code, body_of(again)["status"]) == (200, "captured")
    assert bank.books == {body_of(again)["id"]: 1999}


def test_an_answer_that_could_not_be_recorded_is_asked_for_again(
    till: Till, bank: Bank, database: Database, database_url: str
) -> None:
    asked = order()
    with closing(psycopg2.connect(database_url)) as rival, rival.cursor() as cursor:

        def lock(request: ChargeRequest) -> Outcome:
            cursor.execute("SELECT FROM charges FOR UPDATE")
            return captured(request)

        bank.answer = lock
        assert till.charge(asked).status_code == 503
    assert statuses(database) == ["pending"]
    bank.answer = captured
    again = till.charge(asked)
    assert (again.status_code, body_of(again)["status"]) == (200, "captured")
    assert bank.books == {body_of(again)["id"]: 1999}


def test_two_requests_at_once_charge_once(
    till: Till, bank: Bank, database: Database, another: Callable[[], Till]
) -> None:
    asked, both = order(), Barrier(2)

    def together(request: ChargeRequest) -> Outcome:
        both.wait(timeout=30)
        return captured(request)

    bank.answer = together
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: another().charge(asked), range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert answers[0].json == answers[1].json
    assert bank.books == {body_of(answers[0])["id"]: 1999}
    assert statuses(database) == ["captured"]
    assert till.charge(asked).json == answers[0].json


def test_many_requests_at_once_charge_once(bank: Bank, database: Database, another: Callable[[], Till]) -> None:
    asked, start = order(), Barrier(16)

    def shopper(_: int) -> tuple[int, str]:
        till = another()
        start.wait(timeout=30)
        answer = till.charge(asked)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(shopper, range(16)))
    assert sorted(status for status, _ in answers) == [200] * 15 + [201]
    assert len({text for _, text in answers}) == 1
    assert list(bank.books.values()) == [1999]
    assert statuses(database) == ["captured"]


def test_the_first_answer_that_is_recorded_stands(
    till: Till, bank: Bank, database: Database, another: Callable[[], Till]
) -> None:
    asked = order()

    def late(_request: ChargeRequest) -> Outcome:
        bank.answer = captured
        assert another().charge(asked).status_code == 200
        return Declined("too_late")

    bank.answer = late
    answer = till.charge(asked)
    assert (answer.status_code, body_of(answer)["status"]) == (201, "captured")
    assert body_of(answer)["decline_reason"] is None
    assert statuses(database) == ["captured"]


def test_a_mismatch_does_not_ask_the_provider(till: Till, bank: Bank, database: Database) -> None:
    asked = order()
    bank.answer = silent
    till.charge(asked)
    refused = till.charge({**asked, "amount": 1})
    assert (refused.status_code, slug_of(refused), len(bank.asked)) == (409, "charge-mismatch", 1)
    assert statuses(database) == ["pending"]
