"""The routes of charges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from payments.charging import Charging
from payments.models import Charge, NewCharge
from payments.repository import ChargeRepository
from shopkit import problems
from shopkit.auth import User, require_internal, require_user
from shopkit.routing import Api, Reply


@dataclass(frozen=True)
class Payments:
    """What the handlers work with."""

    charges: ChargeRepository
    charging: Charging


api: Api[Payments] = Api("payments")


@api.post(
    "/internal/v1/charges",
    body=NewCharge,
    responses={201: Charge, 200: Charge},
    auth=require_internal,
    problems={
        409: "The order has a charge with another user, amount, currency or payment method.",
        504: "The provider did not answer in time; the charge is pending until the request is sent again.",
    },
)
def charge(payments: Payments, body: NewCharge) -> Reply:
    """Charge an order, once.

    Asking again answers 200 with the same charge. One whose outcome is not known yet is asked of the provider again,
    under the same idempotency key. A declined charge is final.
    """
    row, begun = payments.charging.charge(body)
    return Reply(_view(row), 201 if begun else 200, {"Location": f"/api/v1/payments/{row['id']}"})


@api.get(
    "/api/v1/payments/<id:payment_id>",
    responses={200: Charge},
    auth=require_user,
    problems={404: "There is no such payment, or it is another user's."},
)
def get_payment(payments: Payments, payment_id: str, user: User) -> dict[str, Any]:
    """Get a payment of one's own; administrators get any."""
    row = payments.charges.get(payment_id)
    if row is None or not (user.is_admin or row["user_id"] == user.id):
        raise problems.not_found(f"There is no payment {payment_id}.")
    return _view(row)


def _view(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in Charge.model_fields}
