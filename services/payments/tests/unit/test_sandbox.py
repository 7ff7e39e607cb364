"""The cards of the sandbox."""

from __future__ import annotations

import pytest

from payments.provider import Captured, ChargeRequest, Declined, ProviderTimeout, RefundRequest
from payments.sandbox import APPROVED, DECLINED, LATE, TIMEOUT, TWICE, Sandbox


def request(payment_method: str, key: str = "key-1") -> ChargeRequest:
    return ChargeRequest(key, 1999, "EUR", payment_method)


def test_the_approved_card_is_charged_once_per_key() -> None:
    sandbox = Sandbox()
    assert sandbox.charge(request(APPROVED)) == sandbox.charge(request(APPROVED)) == Captured("sandbox-key-1")
    assert sandbox.charge(request(APPROVED, "key-2")) == Captured("sandbox-key-2")


def test_the_declined_card_gives_a_reason() -> None:
    assert Sandbox().charge(request(DECLINED)) == Declined("card_declined")


def test_the_card_that_times_out_never_answers() -> None:
    for _ in range(2):
        with pytest.raises(ProviderTimeout):
            Sandbox().charge(request(TIMEOUT))


@pytest.mark.parametrize("card", [APPROVED, DECLINED, TIMEOUT, TWICE, LATE])
def test_the_cards_are_known(card: str) -> None:
    assert Sandbox().check(card) is None


@pytest.mark.parametrize("card", ["", "pm_card", "PM_CARD_APPROVED", "4111111111111111"])
def test_another_card_is_refused_without_repeating_it(card: str) -> None:
    assert Sandbox().check(card) == (
        "is not one of pm_card_approved, pm_card_declined, pm_card_timeout, pm_card_twice, pm_card_late"
    )


def test_everything_is_given_back() -> None:
    refund = RefundRequest("key-2", "key-1", 1999, "EUR")
    assert Sandbox().refund(refund) == Sandbox().refund(refund) == "sandbox-key-2"
    Sandbox().void("key-1")


def test_the_card_that_answers_twice_does_so_by_webhook_too() -> None:
    sent: list[tuple[str, str]] = []
    sandbox = Sandbox(lambda key, reference: sent.append((key, reference)))
    assert sandbox.charge(request(TWICE)) == Captured("sandbox-key-1")
    assert sent == [("key-1", "sandbox-key-1")]


def test_the_card_that_answers_late_does_so_by_webhook_only() -> None:
    sent: list[tuple[str, str]] = []
    sandbox = Sandbox(lambda key, reference: sent.append((key, reference)))
    with pytest.raises(ProviderTimeout):
        sandbox.charge(request(LATE))
    for card in (APPROVED, DECLINED):
        sandbox.charge(request(card))
    assert sent == [("key-1", "sandbox-key-1")]
