"""What a payment provider is to this service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ChargeRequest:
    """What the provider is asked to charge.

    Args:
        idempotency_key: requests with one key are one charge.
        amount: in minor units.
        currency: ISO 4217 code.
        payment_method: the provider's name for a card.
    """

    idempotency_key: str
    amount: int
    currency: str
    payment_method: str


@dataclass(frozen=True)
class RefundRequest:
    """What the provider is asked to give back.

    Args:
        idempotency_key: requests with one key are one refund.
        charge_key: the key under which it was charged.
        amount: in minor units, at most what was captured.
        currency: ISO 4217 code.
    """

    idempotency_key: str
    charge_key: str
    amount: int
    currency: str


@dataclass(frozen=True)
class Captured:
    """The money is ours.

    Args:
        reference: the provider's name for the charge; None if there was nothing to charge.
    """

    reference: str | None


@dataclass(frozen=True)
class Declined:
    """No money was moved, and this will not change.

    Args:
        reason: a short code, such as ``card_declined``.
    """

    reason: str


Outcome = Captured | Declined


class ProviderTimeout(Exception):
    """The provider did not answer in time: it may have charged or not."""


class Provider(Protocol):
    """Moves money."""

    def check(self, payment_method: str) -> str | None:
        """Return what is wrong with a payment method, without repeating it (it may be a card number); None: nothing.

        Called before anything is recorded, so it asks nobody.
        """

    def charge(self, request: ChargeRequest) -> Outcome:
        """Charge, and say how it ended.

        Asked again with the same key, even at the same time, it charges no second time and gives the same answer.

        Raises:
            ProviderTimeout: how it ended is not known; asking again with the same key tells.
        """

    def refund(self, request: RefundRequest) -> str:
        """Give captured money back, and return the provider's name for the refund.

        Asked again with the same key it gives nothing back a second time.

        Raises:
            ProviderTimeout: whether it is done is not known; asking again with the same key tells.
        """

    def void(self, charge_key: str) -> None:
        """Make sure that no money is taken under a key: what was taken goes back, what comes later is refused.

        Asked again, or for a key that it has never seen, it changes nothing more.

        Raises:
            ProviderTimeout: whether it is done is not known; ask again.
        """
