"""Charges through their API with the sandbox, on a real PostgreSQL."""

from __future__ import annotations

import logging
from typing import Any

import psycopg2
import pytest

from shopkit.database import Database, Row
from shopkit.ids import new_id
from shopkit.testing.client import body_of
from tests.integration.till import Till, order, slug_of


def rows(database: Database) -> list[Row]:
    return database.fetch_all("SELECT * FROM charges ORDER BY id")


def test_the_approved_card_is_captured(till: Till, database: Database) -> None:
    asked = order()
    answer = till.charge(asked)
    assert answer.status_code == 201
    charge = body_of(answer)
    assert {**charge, "id": "", "created_at": ""} == {
        "id": "",
        "order_id": asked["order_id"],
        "status": "captured",
        "amount": 1999,
        "currency": "EUR",
        "decline_reason": None,
        "created_at": "",
    }
    assert answer.headers["Location"] == f"/api/v1/payments/{charge['id']}"
    (row,) = rows(database)
    assert (row["id"], row["user_id"]) == (charge["id"], asked["user_id"])
    assert row["provider_reference"] == f"sandbox-{charge['id']}"
    assert row["settled_at"] >= row["created_at"]


def test_the_declined_card_is_declined_for_good(till: Till, database: Database) -> None:
    asked = order(payment_method="pm_card_declined")
    first, again = till.charge(asked), till.charge(asked)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert (body_of(first)["status"], body_of(first)["decline_reason"]) == ("declined", "card_declined")
    (row,) = rows(database)
    assert (row["status"], row["provider_reference"]) == ("declined", None)


def test_the_card_that_times_out_leaves_a_pending_charge(till: Till, database: Database) -> None:
    asked = order(payment_method="pm_card_timeout")
    kept = []
    for _ in range(2):
        answer = till.charge(asked)
        assert (answer.status_code, slug_of(answer)) == (504, "provider-timeout")
        assert answer.headers["Retry-After"] == "1"
        kept.append(rows(database))
    assert kept[0] == kept[1]
    (row,) = kept[0]
    assert (row["order_id"], row["status"], row["settled_at"]) == (asked["order_id"], "pending", None)
    own = till.get(row["id"], till.tokens.user(asked["user_id"]))
    assert (own.status_code, body_of(own)["status"]) == (200, "pending")


def test_charging_again_changes_nothing(till: Till, database: Database) -> None:
    asked = order()
    first = till.charge(asked)
    before = rows(database)
    again = till.charge(asked)
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json, again.headers["Location"]) == (first.json, first.headers["Location"])
    assert rows(database) == before


@pytest.mark.parametrize("method", ["pm_card_approved", "pm_card_declined", "pm_card_timeout"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 2000),
        ("currency", "USD"),
        ("user_id", "0190b2c4-0000-7000-8000-000000000001"),
        ("payment_method", None),
    ],
)
def test_an_order_has_one_charge(till: Till, database: Database, method: str, field: str, value: object) -> None:
    asked = order(payment_method=method)
    till.charge(asked)
    before = rows(database)
    other = "pm_card_declined" if method == "pm_card_approved" else "pm_card_approved"
    refused = till.charge({**asked, field: value or other})
    assert (refused.status_code, slug_of(refused)) == (409, "charge-mismatch")
    assert body_of(refused)["errors"] == [{"field": field, "detail": "differs from the charge that the order has"}]
    assert rows(database) == before


def test_orders_are_charged_separately(till: Till, database: Database) -> None:
    user = new_id()
    for amount in (1, 2, 10**15):
        assert till.charge(order(user_id=user, amount=amount)).status_code == 201
    assert [row["amount"] for row in rows(database)] == [1, 2, 10**15]


@pytest.mark.parametrize("method", ["pm_card_approved", "pm_card_declined", "pm_card_timeout"])
def test_nothing_is_captured_whatever_the_card(till: Till, database: Database, method: str) -> None:
    answer = till.charge(order(amount=0, payment_method=method))
    assert (answer.status_code, body_of(answer)["status"], body_of(answer)["amount"]) == (201, "captured", 0)
    (row,) = rows(database)
    assert row["provider_reference"] is None


@pytest.mark.parametrize(
    ("changed", "field", "detail"),
    [
        ({"amount": -1}, "amount", "Input should be greater than or equal to 0"),
        ({"amount": 10**15 + 1}, "amount", "Input should be less than or equal to 1000000000000000"),
        ({"amount": 19.99}, "amount", "Input should be a valid integer"),
        ({"amount": "1999"}, "amount", "Input should be a valid integer"),
        ({"currency": "eur"}, "currency", "String should match pattern '^[A-Z]{3}$'"),
        ({"currency": "EUR\n"}, "currency", "String should match pattern '^[A-Z]{3}$'"),
        ({"order_id": "7"}, "order_id", None),
        ({"user_id": None}, "user_id", "Input should be a valid string"),
        ({"payment_method": ""}, "payment_method", "String should have at least 1 character"),
        (
            {"payment_method": "pm_card_stolen"},
            "payment_method",
            "is not one of pm_card_approved, pm_card_declined, pm_card_timeout, pm_card_twice, pm_card_late",
        ),
        ({"status": "captured"}, "status", "is not known"),
    ],
)
def test_a_wrong_field_is_named(
    till: Till, database: Database, changed: dict[str, Any], field: str, detail: str | None
) -> None:
    response = till.charge(order(**changed))
    assert response.status_code == 422
    (fault,) = body_of(response)["errors"]
    assert fault["field"] == field
    assert detail in (None, fault["detail"])
    assert rows(database) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"payment_method": "4111111111111111"},
        {"payment_method": "4111111111111111" * 10},
        {"payment_method": {"number": "4111111111111111"}},
        {"card_number": "4111111111111111"},
    ],
)
def test_card_data_is_refused_and_not_repeated(
    till: Till,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    changed: dict[str, Any],
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = till.charge(order(**changed))
    assert response.status_code == 422
    logged = caplog.text + "".join(capfd.readouterr())
    assert "422" in logged
    assert "4111" not in response.text + logged
    assert rows(database) == []


def test_only_services_charge(till: Till, database: Database) -> None:
    for headers in ({}, till.tokens.user(), till.tokens.admin(), {"Authorization": "Bearer internal"}):
        response = till.client.post("/internal/v1/charges", json=order(), headers=headers)
        assert (response.status_code, slug_of(response)) == (401, "unauthorized")
    assert rows(database) == []


def test_a_payment_is_seen_by_its_owner_and_by_admins(till: Till) -> None:
    asked = order()
    charge = body_of(till.charge(asked))
    for headers in (till.tokens.user(asked["user_id"]), till.tokens.admin()):
        response = till.get(charge["id"], headers)
        assert (response.status_code, response.json) == (200, charge)


def test_for_others_a_payment_does_not_exist(till: Till) -> None:
    charge, unknown = body_of(till.charge(order())), new_id()
    stranger = till.tokens.user()
    answers = [till.get(charge["id"], stranger), till.get(unknown, stranger), till.get(unknown, till.tokens.admin())]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    details = [body_of(answer)["detail"] for answer in answers]
    assert details == [f"There is no payment {which}." for which in (charge["id"], unknown, unknown)]
    assert till.get(charge["id"], {}).status_code == 401
    assert till.get(charge["id"], till.tokens.internal()).status_code == 401


@pytest.mark.parametrize(
    "change", ["amount = -1", "status = 'captured'", "status = 'paid'", "decline_reason = 'x'", "settled_at = now()"]
)
def test_the_database_itself_refuses_what_makes_no_sense(till: Till, database: Database, change: str) -> None:
    till.charge(order(payment_method="pm_card_timeout"))
    before = rows(database)
    with pytest.raises(psycopg2.errors.CheckViolation):
        database.execute(f"UPDATE charges SET {change}")
    assert rows(database) == before
