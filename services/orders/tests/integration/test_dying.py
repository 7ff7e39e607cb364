"""A process that dies at any step of an order, on a real PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from orders.domain import Draft, Wanted
from orders.repository import OrderRepository
from orders.routes import Desk
from orders.worker import Worker
from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.problems import Problem
from shopkit.testing.upstream import Answer, FakeUpstream, Received
from tests.integration.stuck import (
    APPROVED,
    CHARGES,
    DEADLINE,
    LAMP,
    NOW,
    REFUNDS,
    RESERVATIONS,
    USER,
    replica,
    states,
)

pytestmark = pytest.mark.usefixtures("products", "inventory", "payments")


class Killed(BaseException):
    """The process dies here: nothing catches this."""


def kill(desk: Desk, fatal: int) -> Callable[[], int]:
    """Let the process die at one of the points before and after each effect; return how many points there were."""
    points = 0

    def around(method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            point()
            result = method(*arguments, **named)
            point()
            return result

        return called

    def point() -> None:
        nonlocal points
        points += 1
        if points == fatal:
            raise Killed

    for part, names in ((desk.orders, ("add", "move")), (desk.checkout._stock, ("reserve", "commit", "release"))):
        for name in names:
            setattr(part, name, around(getattr(part, name)))
    for name in ("charge", "refund"):
        setattr(desk.checkout._till, name, around(getattr(desk.checkout._till, name)))
    return lambda: points


@pytest.mark.parametrize(
    ("ending", "final"),
    [
        ("approved", {"reserved", "confirmed"}),
        ("declined", {"reserved", "payment_failed"}),
        ("cancel", {"reserved", "cancelled"}),
        ("refund", {"reserved", "confirmed", "cancelled"}),
    ],
)
def test_a_process_that_dies_at_any_step_leaves_nothing_undone(
    app: ServiceApp,
    database: Database,
    upstreams: dict[str, FakeUpstream],
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
    final: set[str],
) -> None:
    books = Books(upstreams)
    monkeypatch.setattr(OrderRepository, "add", books.known_from(OrderRepository.add))
    fatal = 0
    while True:
        fatal += 1
        doomed = replica(app)
        points = kill(doomed, fatal)
        before = states(database)
        try:
            go_shopping(doomed, ending)
        except Killed:
            pass
        else:
            assert points() < fatal
            break
        heir = replica(app)
        Worker(heir.orders, heir.checkout, NOW, DEADLINE).run()
        for order_id, state in states(database).items():
            if order_id not in before:
                assert state in final, f"killed at point {fatal}"
    assert fatal > 8
    books.check(states(database))


def go_shopping(desk: Desk, ending: str) -> None:
    order = desk.checkout.place(USER, [Wanted(LAMP, 2)], None)
    if ending == "cancel":
        desk.checkout.cancel(order)
        return
    if ending == "declined":
        with pytest.raises(Problem, match="no money is kept"):
            desk.checkout.pay(order, "pm_card_declined")
        return
    order = desk.checkout.pay(order, APPROVED)
    if ending == "refund":
        desk.checkout.cancel(order)


class Books:
    """What inventory and payments did for each order, with the contradictions that they never allow."""

    def __init__(self, upstreams: dict[str, FakeUpstream]) -> None:
        self.reservations: dict[str, str] = {}
        self.charges: dict[str, str] = {}
        self.refunds: Counter[str] = Counter()
        self._inventory = upstreams["inventory"]
        self._inventory.respond("POST", RESERVATIONS, self._reserve)
        upstreams["payments"].respond("POST", CHARGES, self._charge)
        upstreams["payments"].respond("POST", REFUNDS, self._refund)

    def _reserve(self, request: Received) -> Answer:
        order_id = request.body["order_id"]
        known = self.reservations.setdefault(order_id, "reserved")
        if known == "released":
            return 409, {"type": "https://shopkeeper.dev/problems/reservation-released"}
        return 201, {"status": known}

    def known_from(self, add: Callable[..., Any]) -> Callable[..., Any]:
        """Return `OrderRepository.add` such that the inventory knows the paths of each order."""

        def added(orders: OrderRepository, draft: Draft) -> Any:
            self.know(draft.id)
            return add(orders, draft)

        return added

    def know(self, order_id: str) -> None:
        """Answer for the reservation of an order."""

        def settle(status: str) -> Callable[[Received], Answer]:
            def answer(_request: Received) -> Answer:
                known = self.reservations.setdefault(order_id, "released" if status == "released" else "none")
                if known in ("reserved", status):
                    self.reservations[order_id] = status
                    return 200, {"status": status}
                return 409, {"type": f"https://shopkeeper.dev/problems/reservation-{known}"}

            return answer

        for step, status in (("commit", "committed"), ("release", "released")):
            self._inventory.respond("POST", f"{RESERVATIONS}/{order_id}/{step}", settle(status))

    def _charge(self, request: Received) -> Answer:
        order_id = request.body["order_id"]
        declined = request.body["payment_method"] == "pm_card_declined"
        status = self.charges.setdefault(order_id, "declined" if declined else "captured")
        return 201, {"status": status}

    def _refund(self, request: Received) -> Answer:
        self.refunds[request.body["order_id"]] = 1
        return 201, {"status": "refunded"}

    def check(self, found: dict[str, str]) -> None:
        """Compare with the orders."""
        for order_id, state in found.items():
            reservation, charge = self.reservations.get(order_id), self.charges.get(order_id)
            if state == "confirmed":
                assert (reservation, charge, self.refunds[order_id]) == ("committed", "captured", 0)
            elif state == "reserved":
                assert (reservation, charge) == ("reserved", None)
            elif reservation == "committed":
                assert (state, charge, self.refunds[order_id]) == ("cancelled", "captured", 1)
            else:
                assert reservation == "released"
                assert charge in (None, "declined") or self.refunds[order_id] == 1
