"""Answers by webhook, on a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from werkzeug.test import TestResponse

from payments.signatures import HEADER, Signatures
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.service import Service
from shopkit.testing.client import body_of
from shopkit.testing.process import ServerProcess
from shopkit.testing.tokens import INTERNAL_TOKEN
from shopkit.testing.waiting import wait_for
from tests.integration.bank import SIGNATURES, Bank, service_with, silent
from tests.integration.books import balances
from tests.integration.till import Till, order, slug_of

BANK = Bank()
WEBHOOK = "/api/v1/payments/webhook"


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


def tell(till: Till, answer: dict[str, Any], signatures: Signatures = SIGNATURES) -> TestResponse:
    body = json.dumps(answer).encode()
    headers = {"Content-Type": "application/json", HEADER: signatures.sign(body)}
    return till.client.post(WEBHOOK, data=body, headers=headers)


def pending(till: Till, bank: Bank, database: Database) -> tuple[dict[str, Any], str]:
    """Leave a charge pending, and return its request and id."""
    asked, bank.answer = order(), silent
    assert till.charge(asked).status_code == 504
    return asked, str(database.fetch_row("SELECT id FROM charges WHERE order_id = %s", (asked["order_id"],))["id"])


def charges(database: Database) -> list[dict[str, Any]]:
    return database.fetch_all("SELECT * FROM charges ORDER BY id")


def test_a_late_capture_is_recorded_and_booked(till: Till, bank: Bank, database: Database) -> None:
    asked, charge_id = pending(till, bank, database)
    answer = tell(till, {"charge_id": charge_id, "status": "captured", "reference": "bank-7"})
    assert (answer.status_code, answer.data) == (204, b"")
    (row,) = charges(database)
    assert (row["status"], row["provider_reference"]) == ("captured", "bank-7")
    assert balances(database) == {"customer": 0, "provider": 1999, "revenue": -1999}
    again = till.charge(asked)
    assert (again.status_code, body_of(again)["status"], len(bank.asked)) == (200, "captured", 1)


@pytest.mark.parametrize(("reason", "recorded"), [("no_funds", "no_funds"), (None, "declined")])
def test_a_late_decline_is_recorded(
    till: Till, bank: Bank, database: Database, reason: str | None, recorded: str
) -> None:
    asked, charge_id = pending(till, bank, database)
    assert tell(till, {"charge_id": charge_id, "status": "declined", "reason": reason}).status_code == 204
    assert body_of(till.charge(asked))["decline_reason"] == recorded
    assert balances(database) == {}


@pytest.mark.parametrize("status", ["captured", "declined"])
def test_a_second_answer_changes_nothing(till: Till, bank: Bank, database: Database, status: str) -> None:
    _, charge_id = pending(till, bank, database)
    tell(till, {"charge_id": charge_id, "status": "captured", "reference": "bank-7"})
    before, booked = charges(database), balances(database)
    for _ in range(2):
        assert tell(till, {"charge_id": charge_id, "status": status}).status_code == 204
    assert (charges(database), balances(database), bank.voided) == (before, booked, [])


def test_a_capture_after_the_void_is_given_back(till: Till, bank: Bank, database: Database) -> None:
    asked, charge_id = pending(till, bank, database)
    till.refund(asked["order_id"])
    before = charges(database)
    answer = {"charge_id": charge_id, "status": "captured"}
    bank.reachable = False
    failed = tell(till, answer)
    assert (failed.status_code, slug_of(failed)) == (504, "provider-timeout")
    bank.reachable = True
    assert tell(till, answer).status_code == 204
    assert tell(till, {**answer, "status": "declined"}).status_code == 204
    assert (bank.voided, bank.books) == ([charge_id] * 3, {})
    assert (charges(database), balances(database)) == (before, {})


def test_an_unknown_charge_is_not_found(till: Till, database: Database) -> None:
    till.refund(new_id())
    (tombstone,) = charges(database)
    for charge_id in (new_id(), tombstone["id"]):
        assert tell(till, {"charge_id": charge_id, "status": "captured"}).status_code == 404
    assert charges(database) == [tombstone]


def test_what_the_provider_did_not_sign_changes_nothing(till: Till, bank: Bank, database: Database) -> None:
    _, charge_id = pending(till, bank, database)
    answer = {"charge_id": charge_id, "status": "captured"}
    before = charges(database)
    old = Signatures("secret-of-the-bank", 300, lambda: 1_700_000_000)
    for forged in (Signatures("", 300), Signatures(INTERNAL_TOKEN, 300), old):
        refused = tell(till, answer, forged)
        assert (refused.status_code, slug_of(refused)) == (401, "invalid-signature")
    body = json.dumps(answer).encode()
    signed = {"Content-Type": "application/json", HEADER: SIGNATURES.sign(body)}
    changed = till.client.post(WEBHOOK, data=body.replace(b"captured", b"declined"), headers=signed)
    # The same JSON in other bytes is another body.
    respelled = till.client.post(WEBHOOK, data=body + b" ", headers=signed)
    unsigned = till.client.post(WEBHOOK, json=answer, headers=till.tokens.internal())
    assert [response.status_code for response in (changed, respelled, unsigned)] == [401, 401, 401]
    assert charges(database) == before


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"status": "pending"}, "status"),
        ({"status": None}, "status"),
        ({"charge_id": "7"}, "charge_id"),
        ({"amount": 1}, "amount"),
        ({"reference": "r" * 256}, "reference"),
        ({"reason": "r" * 65}, "reason"),
    ],
)
def test_a_wrong_field_is_named(
    till: Till, bank: Bank, database: Database, changed: dict[str, Any], field: str
) -> None:
    _, charge_id = pending(till, bank, database)
    before = charges(database)
    refused = tell(till, {"charge_id": charge_id, "status": "captured", **changed})
    assert (refused.status_code, [fault["field"] for fault in body_of(refused)["errors"]]) == (422, [field])
    assert charges(database) == before


@pytest.mark.parametrize(("card", "status"), [("pm_card_late", 504), ("pm_card_twice", 201)])
def test_the_sandbox_answers_by_webhook(environ: dict[str, str], tmp_path: Path, card: str, status: int) -> None:
    http = urllib3.PoolManager(retries=False, timeout=10.0)
    headers = {"Authorization": f"Bearer {INTERNAL_TOKEN}"}
    variables = {**environ, "SANDBOX_LATE_SECONDS": "0.1", "SHUTDOWN_DRAIN_SECONDS": "0"}
    with ServerProcess("payments", variables, tmp_path / "log") as server:
        asked = order(payment_method=card)

        def charge() -> urllib3.BaseHTTPResponse:
            return http.request("POST", server.url + "/internal/v1/charges", json=asked, headers=headers)

        def answered() -> bool:
            return '"route":"/api/v1/payments/webhook","status":204' in server.output()

        assert charge().status == status
        wait_for(answered, "the webhook")
        again = charge()
        assert (again.status, again.json()["status"]) == (200, "captured")


@pytest.mark.parametrize("body", [b"", b"not JSON", b"{}", b'{"charge_id": "x"}', b"[" * 100_000, b"\xff"])
def test_without_a_signature_nothing_is_read_of_the_body(till: Till, database: Database, body: bytes) -> None:
    headers = {"Content-Type": "application/json", HEADER: "t=1,v1=" + "0" * 64}
    refused = till.client.post(WEBHOOK, data=body, headers=headers)
    assert (refused.status_code, slug_of(refused)) == (401, "invalid-signature")
    assert "errors" not in body_of(refused)
    signed = {"Content-Type": "application/json", HEADER: SIGNATURES.sign(body)}
    assert till.client.post(WEBHOOK, data=body, headers=signed).status_code in (400, 422)
    assert charges(database) == []
