"""What goes in and out of the API."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from shopkit.ids import Id
from shopkit.validation import Schema

MAX_AMOUNT = 10**15


class NewCharge(Schema):
    """What an order is to be charged, and how it is paid."""

    order_id: Id
    user_id: Id = Field(description="The owner of the order.")
    amount: int = Field(
        ge=0, le=MAX_AMOUNT, description="In minor units (cents); 0 is captured without asking the provider."
    )
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217 code.")
    payment_method: str = Field(
        min_length=1, max_length=64, description="The provider's name for a card, such as pm_card_approved."
    )


class Charge(Schema):
    """What an order was charged."""

    id: Id
    order_id: Id
    status: Literal["pending", "captured", "declined", "voided"] = Field(
        description="pending: the provider's answer is not known yet; voided: given up before it was known."
    )
    amount: int = Field(description="In minor units (cents).")
    currency: str = Field(description="ISO 4217 code.")
    decline_reason: str | None = Field(description="Why the provider declined; null if it did not.")
    created_at: datetime


class NewRefund(Schema):
    """What an order is to get back."""

    order_id: Id
    amount: int | None = Field(
        default=None,
        ge=1,
        le=MAX_AMOUNT,
        description="In minor units (cents); everything that was captured if left out.",
    )


class Refund(Schema):
    """What an order got back."""

    id: Id
    order_id: Id
    status: Literal["pending", "refunded", "voided"] = Field(
        description="voided: nothing was captured, and nothing will be."
    )
    amount: int = Field(description="In minor units (cents); 0 if voided.")
    currency: str | None = Field(description="ISO 4217 code; null if the order was never charged.")
    created_at: datetime


class ProviderAnswer(Schema):
    """How a charge ended, as the provider tells it by webhook."""

    charge_id: Id = Field(description="The id of the payment, under which the provider was asked to charge.")
    status: Literal["captured", "declined"]
    reference: str | None = Field(default=None, max_length=255, description="The provider's name for the charge.")
    reason: str | None = Field(default=None, max_length=64, description="Why it was declined.")
