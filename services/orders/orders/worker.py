"""The worker: takes up orders whose request has ended, or whose process has died, before they were through."""

from __future__ import annotations

from datetime import timedelta

import psycopg2
import structlog

from orders.checkout import Checkout
from orders.domain import Claims
from orders.ports import StuckOrders
from shopkit import lifecycle
from shopkit.pool import PoolTimeout
from shopkit.upstream import UpstreamError

_log = structlog.get_logger(__name__)


class Worker:
    """Resumes stuck orders; several replicas' workers may run at once.

    Args:
        orders: where it finds them.
        checkout: drives them.
        claims: which of them, and how often.
        payment_deadline: after which a payment whose outcome cannot be learnt is given up.
    """

    def __init__(self, orders: StuckOrders, checkout: Checkout, claims: Claims, payment_deadline: timedelta) -> None:
        self._orders = orders
        self._checkout = checkout
        self._claims = claims
        self._payment_deadline = payment_deadline

    def run(self) -> bool:
        """Resume one batch of orders, and tell whether there may be more.

        An order that cannot go on now is left to a later attempt, and does not hold up the others.
        """
        claimed = self._orders.claim(self._claims)
        for order_id in claimed:
            # What is not resumed by now is claimed again, by another replica or the next process.
            if lifecycle.draining():
                return False
            try:
                self._checkout.resume(order_id, self._payment_deadline)
            except UpstreamError as failure:
                _log.warning("a stuck order is tried again later", order_id=order_id, cause=failure.detail)
            except (psycopg2.Error, PoolTimeout):
                raise
            except Exception as error:  # noqa: BLE001 - one order that is broken must not hold up all others for ever
                _log.error("a stuck order cannot be resumed", order_id=order_id, exc_info=error)
        return len(claimed) == self._claims.count
