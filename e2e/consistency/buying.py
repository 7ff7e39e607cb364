"""How a shopper buys: the same request again while the shop stumbles, and a note of what the shop said in the end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from e2e.consistency.plan import Checkout
from e2e.consistency.wire import AGAIN, Answer, Line, Patience

# How long a shopper tries to place an order and to pay it. Afterwards the worker has to bring it to an end.
PATIENCE_SECONDS = 60.0
# A card that never answers is not tried for ever.
PAY_ATTEMPTS = {"pm_card_timeout": 2}
_STACK_BYTES = 512 * 1024
_AS_TOLD = {"order-expired": "expired", "insufficient-stock": "rejected"}


@dataclass(frozen=True)
class Outcome:
    """What a shopper knows in the end.

    Attributes:
        number: the checkout.
        user_id: who bought.
        key: the idempotency key.
        order_id: the order, if its id was ever told.
        told: confirmed, declined, rejected, expired, cancelled; reserved (left unpaid), cancelling (confirmed, and
            nobody knows what became of the cancellation), or unknown (nothing final was said).
        seconds: from the first request to the last answer.
    """

    number: int
    user_id: str
    key: str
    order_id: str | None
    told: str
    seconds: float


@dataclass
class Crowd:
    """All shoppers.

    Args:
        url: the gateway.
        shoppers: user id and token of each.
        products: ids of the products.
        prefix: of the idempotency keys.

    Attributes:
        outcomes: of the checkouts that have ended.
        errors: what shoppers had to call an error, counted.
        requests: how many they sent.
    """

    url: str
    shoppers: Sequence[tuple[str, str]] = field(repr=False)
    products: Sequence[str]
    prefix: str
    outcomes: list[Outcome] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def buy(self, checkouts: Sequence[Checkout]) -> None:
        """Do all checkouts, each shopper's one after the other; returns when all have ended."""
        by_shopper: dict[int, list[Checkout]] = {}
        for checkout in checkouts:
            by_shopper.setdefault(checkout.shopper, []).append(checkout)
        before = threading.stack_size(_STACK_BYTES)
        started = time.monotonic()
        try:
            with ThreadPoolExecutor(len(by_shopper), thread_name_prefix="shopper") as threads:
                running = [threads.submit(self._shop, shopper, work, started) for shopper, work in by_shopper.items()]
        finally:
            threading.stack_size(before)
        for each in running:
            each.result()

    def _shop(self, shopper: int, checkouts: Sequence[Checkout], started: float) -> None:
        user_id, token = self.shoppers[shopper]
        line = Line(self.url, token)
        for checkout in checkouts:
            time.sleep(max(0.0, started + checkout.at - time.monotonic()))
            began = time.monotonic()
            key = f"{self.prefix}-{checkout.number}"
            order_id, told = self._checkout(line, checkout, key)
            outcome = Outcome(checkout.number, user_id, key, order_id, told, round(time.monotonic() - began, 3))
            with self._lock:
                self.outcomes.append(outcome)
                self.errors.update(line.errors)
                self.requests += line.requests
            line.errors.clear()
            line.requests = 0
        line.close()

    def _checkout(self, line: Line, checkout: Checkout, key: str) -> tuple[str | None, str]:
        lines = [{"product_id": self.products[product], "quantity": pieces} for product, pieces in checkout.lines]
        placed = persist(lambda: line.send("place", "POST", "/orders", {"lines": lines}, key))
        if placed.status != 201:
            return None, _AS_TOLD.get(placed.slug, "unknown")
        order_id = str(placed.body["id"])
        if checkout.ending == "leave":
            return order_id, "reserved"
        told = self._cancel(line, order_id) if checkout.ending == "cancel" else self._pay(line, order_id, checkout.card)
        if checkout.ending == "pay_and_cancel" and told == "confirmed":
            cancelled = self._cancel(line, order_id)
            told = "cancelling" if cancelled == "unknown" else cancelled
        return order_id, told

    def _pay(self, line: Line, order_id: str, card: str) -> str:
        body = {"payment_method": card}
        paid = persist(
            lambda: line.send("pay", "POST", f"/orders/{order_id}/pay", body), attempts=PAY_ATTEMPTS.get(card, 1000)
        )
        if paid.status == 200:
            return "confirmed"
        if paid.status == 402:
            return "declined"
        if paid.status == 409 and paid.slug not in _AS_TOLD:
            return self._read(line, order_id)
        return _AS_TOLD.get(paid.slug, "unknown")

    def _read(self, line: Line, order_id: str) -> str:
        """Ask for the order when a payment was refused: somebody, as the worker, was quicker."""
        answer = persist(lambda: line.send("read", "GET", f"/orders/{order_id}"))
        known = {"confirmed": "confirmed", "payment_failed": "declined", "expired": "expired", "cancelled": "cancelled"}
        return known.get(answer.body["status"], "unknown") if answer.status == 200 else "unknown"

    def _cancel(self, line: Line, order_id: str) -> str:
        answer = persist(lambda: line.send("cancel", "POST", f"/orders/{order_id}/cancel"))
        return "cancelled" if answer.status == 200 and answer.body["status"] == "cancelled" else "unknown"


def persist(send: Callable[[], Answer], attempts: int = 1000, pause: float = 0.4) -> Answer:
    """Send until there is an answer that another try would not better, or patience ends."""
    patience = Patience(PATIENCE_SECONDS, attempts, pause)
    while True:
        answer = send()
        final = answer.of_the_shop and answer.status not in AGAIN and answer.slug != "payment-in-progress"
        if final or not patience.lasts(answer):
            return answer
