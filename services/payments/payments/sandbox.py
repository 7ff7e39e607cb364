"""The built-in provider: it moves no money, and its cards say how it answers."""

from __future__ import annotations

from payments.provider import Captured, ChargeRequest, Declined, Outcome, ProviderTimeout, RefundRequest

APPROVED = "pm_card_approved"
DECLINED = "pm_card_declined"
TIMEOUT = "pm_card_timeout"
_CARDS = (APPROVED, DECLINED, TIMEOUT)


class Sandbox:
    """A provider for trying out and for tests. It remembers nothing: its answer follows from the request."""

    def check(self, payment_method: str) -> str | None:
        """Return what is wrong with a payment method: it has to be one of the sandbox's cards."""
        return None if payment_method in _CARDS else f"is not one of {', '.join(_CARDS)}"

    def charge(self, request: ChargeRequest) -> Outcome:
        """Answer as the card says. Raises ProviderTimeout for the card that times out."""
        if request.payment_method == TIMEOUT:
            raise ProviderTimeout
        if request.payment_method == DECLINED:
            return Declined("card_declined")
        return Captured(f"sandbox-{request.idempotency_key}")

    def refund(self, request: RefundRequest) -> str:
        """Give the money back that was never taken."""
        return f"sandbox-{request.idempotency_key}"

    def void(self, charge_key: str) -> None:
        """Do nothing: no money is ever taken."""
