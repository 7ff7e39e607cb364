"""How an order is charged: once.

A pending charge is recorded, then the provider is asked, then its answer is recorded. Each of these is durable before
the next begins. Whoever dies in between, or gets no answer, leaves a pending charge, and the next request for the order
asks the provider again under the same key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from payments.models import NewCharge
from payments.provider import Captured, ChargeRequest, Outcome, Provider, ProviderTimeout
from payments.repository import ChargeRepository
from shopkit import problems
from shopkit.database import Row
from shopkit.ids import new_id
from shopkit.problems import Problem

_log = structlog.get_logger(__name__)
_FIXED = ("user_id", "amount", "currency", "payment_method")


class Charging:
    """Charges orders.

    Args:
        charges: where charges are kept.
        provider: moves the money.
    """

    def __init__(self, charges: ChargeRepository, provider: Provider) -> None:
        self._charges = charges
        self._provider = provider

    def charge(self, asked: NewCharge) -> tuple[Row, bool]:
        """Charge an order, or tell how it was charged.

        Returns:
            The charge (captured or declined), and whether this request began it.

        Raises:
            Problem: 422 for a payment method that the provider does not have, 409 if the order has another charge or
                is not to be charged any more, 504 if the provider does not answer.
        """
        fault = self._provider.check(asked.payment_method)
        if fault is not None:
            raise problems.invalid([{"field": "payment_method", "detail": fault}])
        begun = self._charges.begin(new_id(), asked)
        row = begun or self._charges.of_order(asked.order_id)
        if row["status"] == "voided":
            raise voided(asked.order_id)
        other = differences(row, asked)
        if other:
            raise mismatch(asked.order_id, other)
        if row["status"] == "pending":
            row = self._settle(row)
            if row["status"] == "voided":
                raise voided(asked.order_id)
        return row, begun is not None

    def _settle(self, pending: Row) -> Row:
        settled = self._charges.settle(pending["id"], self._ask(pending))
        if settled is None:
            # Another request for the order, or its refund, was faster; what it recorded stands.
            return self._charges.of_order(pending["order_id"])
        _log.info("a charge was settled", charge=settled["id"], order=settled["order_id"], status=settled["status"])
        return settled

    def _ask(self, pending: Row) -> Outcome:
        if pending["amount"] == 0:
            return Captured(None)
        request = ChargeRequest(pending["id"], pending["amount"], pending["currency"], pending["payment_method"])
        try:
            return self._provider.charge(request)
        except ProviderTimeout:
            _log.warning("the provider did not answer in time", charge=pending["id"], order=pending["order_id"])
            raise timed_out(pending["order_id"]) from None


def differences(row: Mapping[str, Any], asked: NewCharge) -> list[str]:
    """Return the fields in which a request differs from the charge that its order has."""
    return [name for name in _FIXED if row[name] != getattr(asked, name)]


def mismatch(order_id: str, fields: list[str]) -> Problem:
    """409: the order has another charge."""
    errors = [{"field": name, "detail": "differs from the charge that the order has"} for name in fields]
    detail = f"Order {order_id} has a charge with another {', '.join(fields)}: an order is charged once."
    return problems.conflict("charge-mismatch", "The order has another charge", detail, errors=errors)


def voided(order_id: str) -> Problem:
    """409: the order was given up; a charge that comes after that is refused."""
    detail = f"Order {order_id} was voided before it was charged, which is final. No money is taken."
    return problems.conflict("charge-voided", "The order is not to be charged", detail)


def timed_out(order_id: str) -> Problem:
    """504: the charge is pending, and stays so until it is asked for again."""
    detail = f"Whether order {order_id} is charged is not known yet: send the same request again."
    title = "The payment provider did not answer in time"
    return Problem(504, "provider-timeout", title, detail, headers={"Retry-After": "1"})
