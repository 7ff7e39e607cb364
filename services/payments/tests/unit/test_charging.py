"""What is refused, decided without a database."""

from __future__ import annotations

from typing import Any

import pytest

from payments.charging import differences, mismatch, timed_out, voided
from payments.models import NewCharge

ORDER = "0190a000-0000-7000-8000-00000000000f"
USER = "0190a000-0000-7000-8000-000000000001"
OTHER = "0190a000-0000-7000-8000-000000000002"
ASKED = {
    "order_id": ORDER,
    "user_id": USER,
    "amount": 1999,
    "currency": "EUR",
    "payment_method": "pm_card_approved",
}


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({}, []),
        ({"user_id": USER.upper()}, []),
        ({"amount": 2000}, ["amount"]),
        ({"currency": "USD"}, ["currency"]),
        ({"user_id": OTHER}, ["user_id"]),
        ({"amount": 1, "payment_method": "pm_card_declined"}, ["amount", "payment_method"]),
    ],
)
def test_every_difference_to_the_charge_is_named(changed: dict[str, Any], fields: list[str]) -> None:
    assert differences(ASKED, NewCharge.model_validate({**ASKED, **changed})) == fields


def test_a_mismatch_names_the_fields() -> None:
    problem = mismatch(ORDER, ["amount", "currency"])
    assert (problem.status, problem.slug) == (409, "charge-mismatch")
    assert problem.detail == f"Order {ORDER} has a charge with another amount, currency: an order is charged once."
    assert [error["field"] for error in problem.errors] == ["amount", "currency"]


def test_a_timeout_says_what_to_do() -> None:
    problem = timed_out(ORDER)
    assert (problem.status, problem.slug, problem.headers) == (504, "provider-timeout", {"Retry-After": "1"})
    assert problem.detail == f"Whether order {ORDER} is charged is not known yet: send the same request again."


def test_a_voided_order_is_not_charged() -> None:
    problem = voided(ORDER)
    assert (problem.status, problem.slug) == (409, "charge-voided")
    assert problem.detail == f"Order {ORDER} was voided before it was charged, which is final. No money is taken."
