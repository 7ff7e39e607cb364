"""The routes of charges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from payments.answers import Answers
from payments.charging import Charging
from payments.models import Charge, NewCharge, NewRefund, ProviderAnswer, Refund
from payments.refunding import Refunding
from payments.repository import ChargeRepository
from payments.signatures import HEADER, Signatures
from shopkit import problems
from shopkit.auth import User, require_internal, require_user
from shopkit.routing import Api, Reply
from shopkit.validation import Schema, read_body, read_bytes


@dataclass(frozen=True)
class Payments:
    """What the handlers work with."""

    charges: ChargeRepository
    charging: Charging
    refunding: Refunding
    answers: Answers
    signatures: Signatures


api: Api[Payments] = Api("payments")
WEBHOOK = "/api/v1/payments/webhook"


@api.post(
    "/internal/v1/charges",
    body=NewCharge,
    responses={201: Charge, 200: Charge},
    auth=require_internal,
    problems={
        409: "The order has a charge with another user, amount, currency or payment method (`charge-mismatch`), or was "
        "voided (`charge-voided`).",
        504: "The provider did not answer in time; the charge is pending until the request is sent again.",
    },
)
def charge(payments: Payments, body: NewCharge) -> Reply:
    """Charge an order, once.

    Asking again answers 200 with the same charge. One whose outcome is not known yet is asked of the provider again,
    under the same idempotency key. A declined charge is final.
    """
    row, begun = payments.charging.charge(body)
    return Reply(_view(row, Charge), 201 if begun else 200, {"Location": f"/api/v1/payments/{row['id']}"})


@api.post(
    "/internal/v1/refunds",
    body=NewRefund,
    responses={201: Refund, 200: Refund},
    auth=require_internal,
    problems={
        409: "The order has a refund of another amount (`refund-mismatch`).",
        422: "Fields are unknown, missing or wrong, or more is asked for than was captured; `errors` names them.",
        504: "The provider did not answer in time; the refund is pending until the request is sent again.",
    },
)
def refund(payments: Payments, body: NewRefund) -> Reply:
    """Give an order its money back, once, or make sure that it is never charged.

    A captured charge is refunded. One whose outcome is not known is voided, and so is an order without a charge: a
    charge that comes later is refused. Asking again answers 200 with the same refund, and completes one that is
    pending.
    """
    row, begun = payments.refunding.refund(body)
    return Reply(_view(row, Refund), 201 if begun else 200)


@api.post(
    WEBHOOK,
    body={"application/json": ProviderAnswer.model_json_schema()},
    responses={204: None},
    problems={
        401: "The signature is missing, wrong or too old (`invalid-signature`).",
        404: "There is no such payment.",
        422: "Fields are unknown, missing or wrong; `errors` names them.",
        504: "The payment was voided, and the provider does not answer that it gives the money back.",
    },
    headers={HEADER: "`t=<seconds since 1970>,v1=<hex HMAC-SHA256 of t, a dot and the body>`"},
)
def take_answer(payments: Payments) -> None:
    """Tell how a payment ended; for the provider.

    Sent again, it changes nothing; of answers that contradict each other the first stands.
    """
    # Before anything is made of the body: a stranger learns nothing of what it should be, and costs no more than this.
    payments.signatures.check(request.headers.get(HEADER), read_bytes())
    payments.answers.take(read_body(ProviderAnswer))


@api.get(
    "/api/v1/payments/<id:payment_id>",
    responses={200: Charge},
    auth=require_user,
    problems={404: "There is no such payment, or it is another user's."},
)
def get_payment(payments: Payments, payment_id: str, user: User) -> dict[str, Any]:
    """Get a payment of one's own; administrators get any."""
    row = payments.charges.get(payment_id)
    # A tombstone is no payment: nobody asked for one.
    if row is None or row["user_id"] is None or not (user.is_admin or row["user_id"] == user.id):
        raise problems.not_found(f"There is no payment {payment_id}.")
    return _view(row, Charge)


def _view(row: Mapping[str, Any], model: type[Schema]) -> dict[str, Any]:
    return {name: row[name] for name in model.model_fields}
