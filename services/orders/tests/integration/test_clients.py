"""What the clients make of the answers of real servers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from orders.clients import Catalogue, Stock, Till
from orders.domain import Line, Offer, Order, Reservation, Shortage
from orders.ports import ReservationExpired
from orders.saga import State
from shopkit.metrics import Metrics
from shopkit.testing.upstream import Answer, FakeUpstream, Received
from shopkit.upstream import Upstream, UpstreamError

LAMP, CUP = "0197f0a0-0000-7000-8000-000000000001", "0197f0a0-0000-7000-8000-000000000002"
RESERVATIONS, CHARGES = "/internal/v1/reservations", "/internal/v1/charges"
REFUNDS = "/internal/v1/refunds"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ORDER = Order(
    id="0197f0a0-0000-7000-8000-0000000000ff",
    user_id="0197f0a0-0000-7000-8000-00000000000a",
    state=State.PAYING,
    lines=(Line(LAMP, "Lamp", 2, 1999),),
    total=3998,
    currency="EUR",
    payment_method="pm_card_approved",
    shortages=(),
    fingerprint=None,
    created_at=NOW,
    updated_at=NOW,
)
STEPS: list[tuple[str, Callable[[Upstream], Any], int]] = [
    (RESERVATIONS, lambda upstream: Stock(upstream).reserve(ORDER), 201),
    (f"{RESERVATIONS}/{ORDER.id}/commit", lambda upstream: Stock(upstream).commit(ORDER), 200),
    (f"{RESERVATIONS}/{ORDER.id}/release", lambda upstream: Stock(upstream).release(ORDER), 200),
    (CHARGES, lambda upstream: Till(upstream).charge(ORDER), 201),
    (REFUNDS, lambda upstream: Till(upstream).refund(ORDER), 201),
]
every_step = pytest.mark.parametrize(
    ("path", "step", "success"), STEPS, ids=["reserve", "commit", "release", "charge", "refund"]
)


def reach(upstreams: dict[str, FakeUpstream]) -> tuple[FakeUpstream, Upstream]:
    fake = upstreams["inventory"]
    fake.reset()
    return fake, Upstream("other", fake.url, Metrics(), sleep=lambda _seconds: None)


@every_step
def test_a_step_is_sent_again_when_its_answer_was_lost(
    upstreams: dict[str, FakeUpstream], path: str, step: Callable[[Upstream], Any], success: int
) -> None:
    fake, upstream = reach(upstreams)

    def loses_one_answer(_request: Received) -> Answer:
        if len(fake.received) == 1:
            raise ConnectionError
        return success, {"status": "refunded" if path == REFUNDS else "captured"}

    fake.respond("POST", path, loses_one_answer)
    step(upstream)
    assert len(fake.received) == 2
    assert fake.received[0].body == fake.received[1].body


@every_step
@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 429])
def test_a_step_that_is_refused_for_no_good_reason_has_not_happened(
    upstreams: dict[str, FakeUpstream], path: str, step: Callable[[Upstream], Any], success: int, status: int
) -> None:
    fake, upstream = reach(upstreams)
    fake.answer("POST", path, status, {"type": "https://shopkeeper.dev/problems/reservation-released"})
    with pytest.raises(UpstreamError, match="gave an answer that makes no sense here") as failed:
        step(upstream)
    assert (failed.value.status, len(fake.received)) == (503, 1)


@pytest.mark.parametrize(
    "errors",
    [
        None,
        [],
        [{"product_id": CUP, "requested": 2, "available": 0}],
        [{"product_id": LAMP, "requested": 2}],
        [{"product_id": LAMP, "requested": 2, "available": "none"}],
    ],
)
def test_a_shortage_that_cannot_be_understood_rejects_no_order(upstreams: dict[str, FakeUpstream], errors: Any) -> None:
    fake, upstream = reach(upstreams)
    problem = {"type": "https://shopkeeper.dev/problems/insufficient-stock", "errors": errors}
    fake.answer("POST", RESERVATIONS, 409, problem)
    with pytest.raises(UpstreamError):
        Stock(upstream).reserve(ORDER)


def test_a_shortage_says_what_is_available(upstreams: dict[str, FakeUpstream]) -> None:
    fake, upstream = reach(upstreams)
    errors = [{"product_id": LAMP.upper(), "requested": 2, "available": 1, "detail": "too few"}]
    problem = {"type": "https://shopkeeper.dev/problems/insufficient-stock", "errors": errors}
    fake.answer("POST", RESERVATIONS, 409, problem)
    assert Stock(upstream).reserve(ORDER) == Reservation((Shortage(LAMP, 2, 1),))


@pytest.mark.parametrize(
    ("body", "expires_at"),
    [({"expires_at": "2026-01-01T00:00:00Z"}, NOW), ({"expires_at": None}, None), ({}, None)],
)
def test_a_reservation_says_until_when(upstreams: dict[str, FakeUpstream], body: Any, expires_at: Any) -> None:
    fake, upstream = reach(upstreams)
    fake.answer("POST", RESERVATIONS, 201, body)
    assert Stock(upstream).reserve(ORDER) == Reservation(expires_at=expires_at)


@pytest.mark.parametrize("expires_at", ["soon", "2026-01-01T00:00:00", True])
def test_a_time_that_cannot_be_understood_is_no_reservation(
    upstreams: dict[str, FakeUpstream], expires_at: object
) -> None:
    fake, upstream = reach(upstreams)
    fake.answer("POST", RESERVATIONS, 201, {"expires_at": expires_at})
    with pytest.raises(UpstreamError):
        Stock(upstream).reserve(ORDER)


@pytest.mark.parametrize(("path", "step"), [(path, step) for path, step, _ in STEPS[:2]], ids=["reserve", "commit"])
def test_a_reservation_that_is_over_is_known(
    upstreams: dict[str, FakeUpstream], path: str, step: Callable[[Upstream], Any]
) -> None:
    fake, upstream = reach(upstreams)
    fake.answer("POST", path, 409, {"type": "https://shopkeeper.dev/problems/reservation-expired"})
    with pytest.raises(ReservationExpired):
        step(upstream)


def test_a_charge_that_was_voided_is_declined(upstreams: dict[str, FakeUpstream]) -> None:
    fake, upstream = reach(upstreams)
    fake.answer("POST", CHARGES, 409, {"type": "https://shopkeeper.dev/problems/charge-voided"})
    assert Till(upstream).charge(ORDER) is False


@pytest.mark.parametrize(("status", "body"), [(201, {"status": "pending"}), (201, {}), (409, {}), (422, {})])
def test_a_refund_that_is_not_done_has_not_happened(
    upstreams: dict[str, FakeUpstream], status: int, body: dict[str, str]
) -> None:
    fake, upstream = reach(upstreams)
    fake.answer("POST", REFUNDS, status, body)
    with pytest.raises(UpstreamError):
        Till(upstream).refund(ORDER)
    assert [request.body for request in fake.received] == [{"order_id": ORDER.id}]


def test_a_payment_whose_outcome_payments_itself_does_not_know_is_a_504(upstreams: dict[str, FakeUpstream]) -> None:
    fake, upstream = reach(upstreams)
    fake.answer("POST", CHARGES, 504, {"type": "https://shopkeeper.dev/problems/provider-timeout"})
    with pytest.raises(UpstreamError) as failed:
        Till(upstream).charge(ORDER)
    assert (failed.value.status, len(fake.received)) == (504, 1)


def test_the_products_of_an_order_have_a_time_limit_together(upstreams: dict[str, FakeUpstream]) -> None:
    fake, upstream = reach(upstreams)
    for product_id in (LAMP, CUP):
        fake.answer("GET", f"/api/v1/products/{product_id}", 200, {"name": "Thing", "price": 1, "currency": "EUR"})
    seconds = iter((0.0, 0.1, 5.0, 0.0, 0.1, 5.1))
    catalogue = Catalogue(upstream, clock=lambda: next(seconds))
    assert catalogue.offers([LAMP, CUP]) == {LAMP: Offer("Thing", 1, "EUR"), CUP: Offer("Thing", 1, "EUR")}
    with pytest.raises(UpstreamError, match="products took too long") as failed:
        catalogue.offers([LAMP, CUP])
    assert (failed.value.status, len(fake.received)) == (504, 5)


def test_several_products_are_asked_for_at_once(upstreams: dict[str, FakeUpstream]) -> None:
    fake, upstream = reach(upstreams)
    lamp = {"id": LAMP, "name": "Lamp", "price": 1999, "currency": "EUR", "new": 1}
    fake.answer("GET", f"/api/v1/products?ids={LAMP},{CUP}", 200, {"items": [lamp], "next_cursor": None})
    assert Catalogue(upstream).offers([LAMP, CUP]) == {LAMP: Offer("Lamp", 1999, "EUR")}
    assert len(fake.received) == 1


def test_an_earlier_release_of_products_is_asked_one_by_one(upstreams: dict[str, FakeUpstream]) -> None:
    fake, upstream = reach(upstreams)
    fake.answer("GET", f"/api/v1/products?ids={LAMP},{CUP}", 422, {"detail": "ids is not known"})
    fake.answer("GET", f"/api/v1/products/{CUP}", 200, {"name": "Cup", "price": 250, "currency": "EUR"})
    assert Catalogue(upstream).offers([LAMP, CUP]) == {CUP: Offer("Cup", 250, "EUR")}
    assert len(fake.received) == 3
