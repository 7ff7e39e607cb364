"""The built-in provider: it moves no money, and its cards say how it answers."""

from __future__ import annotations

from collections.abc import Callable

from payments.provider import Captured, ChargeRequest, Declined, Outcome, ProviderTimeout, RefundRequest

APPROVED = "pm_card_approved"
DECLINED = "pm_card_declined"
TIMEOUT = "pm_card_timeout"
TWICE = "pm_card_twice"
LATE = "pm_card_late"
_CARDS = (APPROVED, DECLINED, TIMEOUT, TWICE, LATE)


class Sandbox:
    """A provider for trying out and for tests. It remembers nothing: its answer follows from the request.

    Args:
        send: sends an answer by webhook, soon: the key of the charge and the reference of the capture.
    """

    def __init__(self, send: Callable[[str, str], None] = lambda _key, _reference: None) -> None:
        self._send = send

    def check(self, payment_method: str) -> str | None:
        """Return what is wrong with a payment method: it has to be one of the sandbox's cards."""
        return None if payment_method in _CARDS else f"is not one of {', '.join(_CARDS)}"

    def charge(self, request: ChargeRequest) -> Outcome:
        """Answer as the card says. Raises ProviderTimeout for the cards that time out or answer late."""
        reference = f"sandbox-{request.idempotency_key}"
        if request.payment_method in (TWICE, LATE):
            self._send(request.idempotency_key, reference)
        if request.payment_method in (TIMEOUT, LATE):
            raise ProviderTimeout
        if request.payment_method == DECLINED:
            return Declined("card_declined")
        return Captured(reference)

    def refund(self, request: RefundRequest) -> str:
        """Give the money back that was never taken."""
        return f"sandbox-{request.idempotency_key}"

    def void(self, charge_key: str) -> None:
        """Do nothing: no money is ever taken."""
