"""The other services, in the words of this one.

An answer that none of them should give (a wrong token, a route that is missing, a contradiction) leaves the order as
it is, the same as a service that cannot be reached: what went wrong is mended, and the order goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Literal, TypeVar

import structlog
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, ValidationError

from orders.domain import MAX_PRICE, Offer, Order, Reservation, Shortage
from orders.ports import ReservationExpired
from shopkit.ids import Id
from shopkit.problems import TYPE_PREFIX
from shopkit.upstream import Upstream, UpstreamError, UpstreamResponse

_log = structlog.get_logger(__name__)
_INSUFFICIENT = TYPE_PREFIX + "insufficient-stock"
_EXPIRED = TYPE_PREFIX + "reservation-expired"
_VOIDED = TYPE_PREFIX + "charge-voided"
# All products of an order together: an order of many lines must not occupy a thread for minutes.
_CATALOGUE_SECONDS = 5.0

Answer = TypeVar("Answer", bound=BaseModel)


class Catalogue:
    """The service `products`.

    Args:
        upstream: how it is reached.
        clock: monotonic seconds.
    """

    def __init__(self, upstream: Upstream, clock: Callable[[], float] = time.monotonic) -> None:
        self._upstream = upstream
        self._clock = clock

    def offers(self, product_ids: Iterable[str]) -> dict[str, Offer]:
        """Return name and price of each product that exists, by id.

        Raises:
            UpstreamError: the products cannot be had (503), or not in time (504).
        """
        wanted = list(product_ids)
        if len(wanted) > 1:
            answer = self._upstream.get(f"/api/v1/products?ids={','.join(wanted)}")
            if answer.status == 200:
                return {item.id: _offer(item) for item in _read("products", _Products, answer).items}
            # The release of products before this one cannot be asked for several.
        return self._one_by_one(wanted)

    def _one_by_one(self, product_ids: Iterable[str]) -> dict[str, Offer]:
        end = self._clock() + _CATALOGUE_SECONDS
        found = {}
        for product_id in product_ids:
            if self._clock() > end:
                raise UpstreamError("products", "products took too long.", status=504, maybe_done=False)
            answer = self._upstream.get(f"/api/v1/products/{product_id}")
            if answer.status == 200:
                found[product_id] = _offer(_read("products", _Product, answer))
            elif answer.status != 404:
                raise _unexpected("products", answer)
        return found


class Stock:
    """The service `inventory`; all its steps are idempotent by order id."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def reserve(self, order: Order) -> Reservation:
        """Set the pieces of an order aside: all of them, or none and say what is short.

        Raises:
            ReservationExpired: they were, for as long as the inventory keeps them.
            UpstreamError: it is not known whether they are.
        """
        lines = [{"product_id": line.product_id, "quantity": line.quantity} for line in order.lines]
        body = {"order_id": order.id, "lines": lines}
        answer = self._upstream.post("/internal/v1/reservations", body, idempotent=True)
        if answer.status in (200, 201):
            return Reservation(expires_at=_read("inventory", _Reserved, answer).expires_at)
        if _is_refusal(answer, _INSUFFICIENT):
            return Reservation(self._shortages(order, answer))
        if _is_refusal(answer, _EXPIRED):
            raise ReservationExpired
        raise _unexpected("inventory", answer)

    def commit(self, order: Order) -> None:
        """Take the reserved pieces out of the stock.

        Raises:
            ReservationExpired: they have been given to others.
            UpstreamError: it is not known whether they are taken out.
        """
        self._finish(order, "commit")

    def release(self, order: Order) -> None:
        """Give the pieces back, and refuse them to a reservation that comes later. Raises UpstreamError."""
        self._finish(order, "release")

    def _finish(self, order: Order, how: str) -> None:
        answer = self._upstream.post(f"/internal/v1/reservations/{order.id}/{how}", None, idempotent=True)
        if how == "commit" and _is_refusal(answer, _EXPIRED):
            raise ReservationExpired
        if answer.status != 200:
            raise _unexpected("inventory", answer)

    def _shortages(self, order: Order, answer: UpstreamResponse) -> tuple[Shortage, ...]:
        errors = _read("inventory", _Insufficient, answer).errors
        if not {error.product_id for error in errors} <= {line.product_id for line in order.lines}:
            raise _unexpected("inventory", answer)
        return tuple(Shortage(error.product_id, error.requested, error.available) for error in errors)


class Till:
    """The service `payments`; an order is charged at most once, however often it is asked."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def charge(self, order: Order) -> bool:
        """Charge an order and tell whether the money was captured; False: it was declined, or voided meanwhile.

        Raises:
            UpstreamError: it is not known whether it was.
        """
        body = {
            "order_id": order.id,
            "user_id": order.user_id,
            "amount": order.total,
            "currency": order.currency,
            "payment_method": order.payment_method,
        }
        answer = self._upstream.post("/internal/v1/charges", body, idempotent=True)
        if _is_refusal(answer, _VOIDED):
            return False
        if answer.status not in (200, 201):
            raise _unexpected("payments", answer)
        return _read("payments", _Charge, answer).status == "captured"

    def refund(self, order: Order) -> None:
        """Give the money of an order back, or make sure that none is taken.

        Raises:
            UpstreamError: it is not known whether it is done.
        """
        answer = self._upstream.post("/internal/v1/refunds", {"order_id": order.id}, idempotent=True)
        if answer.status not in (200, 201):
            raise _unexpected("payments", answer)
        _read("payments", _Refund, answer)


class _Product(BaseModel):
    name: str
    price: int = Field(ge=0, le=MAX_PRICE)
    currency: str


class _Item(_Product):
    id: Id


class _Products(BaseModel):
    items: list[_Item]


def _offer(product: _Product) -> Offer:
    return Offer(product.name, product.price, product.currency)


def _time(value: object) -> object:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


class _Reserved(BaseModel):
    # The release of the inventory before this one does not say it.
    expires_at: Annotated[AwareDatetime | None, BeforeValidator(_time)] = None


class _TooLittle(BaseModel):
    product_id: Id
    requested: int
    available: int


class _Insufficient(BaseModel):
    errors: Annotated[list[_TooLittle], Field(min_length=1)]


class _Charge(BaseModel):
    status: Literal["captured", "declined"]


class _Refund(BaseModel):
    status: Literal["refunded", "voided"]


def _read(service: str, model: type[Answer], answer: UpstreamResponse) -> Answer:
    try:
        return model.model_validate(answer.body, strict=True)
    except ValidationError:
        raise _unexpected(service, answer) from None


def _is_refusal(answer: UpstreamResponse, problem: str) -> bool:
    return answer.status == 409 and isinstance(answer.body, dict) and answer.body.get("type") == problem


def _unexpected(service: str, answer: UpstreamResponse) -> UpstreamError:
    problem = answer.body.get("type") if isinstance(answer.body, dict) else None
    _log.error("a service answered what it never should", target=service, status=answer.status, problem=problem)
    return UpstreamError(service, f"{service} gave an answer that makes no sense here.", maybe_done=True)
