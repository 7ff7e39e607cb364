"""How an order gets its money back: once, and whatever happens to its charge meanwhile.

What is to be done is decided and recorded in one transaction with the charge's row locked, then the provider is asked,
then its answer is recorded. Whoever dies in between leaves a pending refund, which the next request completes.
"""

from __future__ import annotations

import structlog

from payments.models import NewRefund
from payments.provider import Provider, ProviderTimeout, RefundRequest
from payments.refunds import RefundRepository
from shopkit import problems
from shopkit.database import Row
from shopkit.problems import Problem

_log = structlog.get_logger(__name__)


class Refunding:
    """Refunds orders, and voids what is not charged yet.

    Args:
        refunds: where refunds are kept.
        provider: moves the money.
    """

    def __init__(self, refunds: RefundRepository, provider: Provider) -> None:
        self._refunds = refunds
        self._provider = provider

    def refund(self, asked: NewRefund) -> tuple[Row, bool]:
        """Give an order its money back, or make sure that it is never charged.

        Returns:
            The refund (refunded, or voided where nothing was captured), and whether this request began it.

        Raises:
            Problem: 422 if more is asked for than was captured, 409 if the order has another refund, 504 if the
                provider does not answer.
        """
        row, begun = self._refunds.begin(asked.order_id, asked.amount)
        if row is None:
            detail = "is more than the order was charged"
            raise problems.invalid([{"field": "amount", "detail": detail}])
        if not begun and row["status"] != "voided" and asked.amount not in (None, row["amount"]):
            raise mismatch(asked.order_id)
        if row["status"] == "pending":
            row = self._settle(row)
        return row, begun

    def _settle(self, pending: Row) -> Row:
        status, reference = self._ask(pending)
        settled = self._refunds.settle(pending["id"], status, reference)
        if settled is None:
            # A request for the same order was faster.
            return self._refunds.of_order(pending["order_id"])
        _log.info("a refund was settled", refund=settled["id"], order=settled["order_id"], status=settled["status"])
        return settled

    def _ask(self, pending: Row) -> tuple[str, str | None]:
        try:
            if pending["charge_status"] == "voided":
                self._provider.void(pending["charge_id"])
                return "voided", None
            request = RefundRequest(pending["id"], pending["charge_id"], pending["amount"], pending["currency"])
            return "refunded", self._provider.refund(request)
        except ProviderTimeout:
            _log.warning("the provider did not answer in time", refund=pending["id"], order=pending["order_id"])
            raise timed_out(pending["order_id"]) from None


def mismatch(order_id: str) -> Problem:
    """409: the order has another refund."""
    detail = f"Order {order_id} has a refund of another amount: an order is refunded once."
    errors = [{"field": "amount", "detail": "differs from the refund that the order has"}]
    return problems.conflict("refund-mismatch", "The order has another refund", detail, errors=errors)


def timed_out(order_id: str) -> Problem:
    """504: the refund is pending, and stays so until it is asked for again."""
    detail = f"Whether order {order_id} has its money back is not known yet: send the same request again."
    title = "The payment provider did not answer in time"
    return Problem(504, "provider-timeout", title, detail, headers={"Retry-After": "1"})
