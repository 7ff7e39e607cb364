"""Answers of the provider that come by webhook: late, twice, or after the order was given up."""

from __future__ import annotations

import structlog

from payments.models import ProviderAnswer
from payments.provider import Captured, Declined, Provider, ProviderTimeout
from payments.refunding import timed_out
from payments.repository import ChargeRepository
from shopkit import problems

_log = structlog.get_logger(__name__)


class Answers:
    """Takes answers in; each may come as often as it likes.

    Args:
        charges: where charges are kept.
        provider: who answers.
    """

    def __init__(self, charges: ChargeRepository, provider: Provider) -> None:
        self._charges = charges
        self._provider = provider

    def take(self, answer: ProviderAnswer) -> None:
        """Record how a charge ended, unless that is recorded already: what was recorded first stands.

        Raises:
            Problem: 404 if there is no such charge; 504 if a voided one was captured all the same, and the provider
                does not answer that it gives the money back.
        """
        outcome = Captured(answer.reference) if answer.status == "captured" else Declined(answer.reason or "declined")
        if self._charges.settle(answer.charge_id, outcome) is not None:
            _log.info("a charge was settled by webhook", charge=answer.charge_id, status=answer.status)
            return
        row = self._charges.get(answer.charge_id)
        if row is None or row["user_id"] is None:
            raise problems.not_found(f"There is no payment {answer.charge_id}.")
        if row["status"] == "voided" and answer.status == "captured":
            self._give_back(answer.charge_id, row["order_id"])
        elif row["status"] != answer.status:
            _log.warning(
                "the provider contradicts itself", charge=answer.charge_id, known=row["status"], status=answer.status
            )

    def _give_back(self, charge_id: str, order_id: str) -> None:
        try:
            self._provider.void(charge_id)
        except ProviderTimeout:
            raise timed_out(order_id) from None
        _log.info("a capture after the void was given back", charge=charge_id)
