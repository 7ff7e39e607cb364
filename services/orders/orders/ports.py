"""What the checkout needs of the world outside of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from orders.domain import Claims, Draft, Offer, Order, Reservation, Shortage
from orders.saga import State


class OrderStore(Protocol):
    """Where orders are kept; each method is one durable step."""

    def add(self, draft: Draft) -> Order | None:
        """Store a new order as `created`; None when its user has an order under the same key."""

    def of_key(self, user_id: str, key: str) -> Order | None:
        """Return the order placed under an Idempotency-Key."""

    def get(self, order_id: str) -> Order | None:
        """Return an order."""

    def move(
        self,
        order: Order,
        state: State,
        *,
        payment_method: str | None = None,
        shortages: Sequence[Shortage] = (),
        expires_at: datetime | None = None,
    ) -> Order | None:
        """Store the next state of an order; None when it is no longer in the state it is given in.

        What is None or empty leaves what is stored.
        """


class StuckOrders(Protocol):
    """Where the worker finds its work."""

    def claim(self, claims: Claims) -> Sequence[str]:
        """Return orders to be resumed; nobody else gets them before their pause is over."""


class Catalogue(Protocol):
    """Where products are described; see orders.clients.Catalogue."""

    def offers(self, product_ids: Iterable[str]) -> Mapping[str, Offer]:
        """Return name and price of each product that exists."""


class ReservationExpired(Exception):
    """The inventory has given the pieces of the order to others: its time was over."""


class Stock(Protocol):
    """Where stock is set aside; see orders.clients.Stock."""

    def reserve(self, order: Order) -> Reservation:
        """Set the pieces aside, or say what is short. Raises ReservationExpired."""

    def commit(self, order: Order) -> None:
        """Take the reserved pieces out of the stock. Raises ReservationExpired."""

    def release(self, order: Order) -> None:
        """Give the pieces back."""


class Till(Protocol):
    """Where orders are charged; see orders.clients.Till."""

    def charge(self, order: Order) -> bool:
        """Charge an order once and tell whether the money was captured."""

    def refund(self, order: Order) -> None:
        """Give the money back, or make sure that none is taken."""
