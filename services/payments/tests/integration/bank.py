"""A provider of the tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from payments.provider import Captured, ChargeRequest, Outcome, ProviderTimeout, RefundRequest
from payments.routes import Payments
from payments.service import SERVICE, assemble
from payments.signatures import Signatures
from shopkit.service import Runtime, Service

SIGNATURES = Signatures("secret-of-the-bank", 300)


class Bank:
    """A provider that keeps its own books and answers as a test says.

    Attributes:
        books: the amount of each charge, by idempotency key.
        asked: every request.
        given_back: every refund, by idempotency key.
        voided: keys under which nothing may be charged.
        reachable: whether refunds and voids are answered, once they are written down.
        answer: called after the books are written; returns or raises what the caller gets.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, and capture from now on."""
        self.books: dict[str, int] = {}
        self.asked: list[ChargeRequest] = []
        self.given_back: dict[str, RefundRequest] = {}
        self.voided: list[str] = []
        self.answer: Callable[[ChargeRequest], Outcome] = captured
        self.reachable = True

    def check(self, payment_method: str) -> str | None:
        """Know cards by their first letters."""
        return None if payment_method.startswith("pm_") else "is no card of this bank"

    def charge(self, request: ChargeRequest) -> Outcome:
        """Charge once per key."""
        self.asked.append(request)
        self.books[request.idempotency_key] = request.amount
        return self.answer(request)

    def refund(self, request: RefundRequest) -> str:
        """Give back once per key."""
        assert self.given_back.setdefault(request.idempotency_key, request) == request
        return self._answered(f"bank-{request.idempotency_key}")

    def void(self, charge_key: str) -> None:
        """Forget what was charged under a key."""
        self.voided.append(charge_key)
        self.books.pop(charge_key, None)
        self._answered("")

    def _answered(self, answer: str) -> str:
        if not self.reachable:
            raise ProviderTimeout
        return answer


def captured(request: ChargeRequest) -> Outcome:
    return Captured(f"bank-{request.idempotency_key}")


def silent(_request: ChargeRequest) -> Outcome:
    raise ProviderTimeout


def service_with(bank: Bank) -> Service[Any]:
    """Return the payments with this provider."""

    def build(runtime: Runtime[Any]) -> Payments:
        return assemble(runtime.database, bank, SIGNATURES)

    return dataclasses.replace(SERVICE, build=build)
