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
