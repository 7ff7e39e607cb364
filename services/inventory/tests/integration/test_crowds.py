"""Many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest

from shopkit.ids import new_id
from shopkit.testing.client import body_of
from tests.integration.warehouse import Warehouse

pytestmark = pytest.mark.usefixtures("true_journal")

T = TypeVar("T")
Another = Callable[[], Warehouse]


def at_once(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Run all jobs, a thread each, from one moment on."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], T]) -> T:
        start.wait(timeout=30)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_twenty_pieces_go_to_twenty_of_fifty(warehouse: Warehouse, another: Another) -> None:
    pens = warehouse.product(20)

    def shopper() -> tuple[int, object]:
        response = another().reserve(new_id(), (pens, 1))
        return response.status_code, body_of(response).get("errors")

    answers = at_once([shopper] * 50)
    assert answers.count((201, None)) == 20
    assert answers.count((409, [{"product_id": pens, "requested": 1, "available": 0}])) == 30
    assert warehouse.stock(pens) == (20, 20, 0)


def test_crossing_orders_never_block_each_other_for_ever(warehouse: Warehouse, another: Another) -> None:
    products = [warehouse.product(1000) for _ in range(4)]

    def shopper(number: int) -> Counter[int]:
        mine, seen = another(), Counter[int]()
        turned = products[number % 4 :] + products[: number % 4]
        wanted = [(product, 1) for product in (turned if number % 2 else reversed(turned))]
        for action in ("commit", "release", "commit", "release"):
            order = new_id()
            seen[mine.reserve(order, *wanted).status_code] += 1
            seen[mine.settle(order, action).status_code] += 1
        return seen

    seen = at_once([partial(shopper, number) for number in range(20)])
    assert sum(seen, Counter()) == {201: 80, 200: 80}
    assert [warehouse.stock(product) for product in products] == [(960, 0, 960)] * 4


def test_stock_that_is_set_while_orders_come_in_stays_true(warehouse: Warehouse, another: Another) -> None:
    pens = warehouse.product(40)

    def work(number: int) -> int:
        if number < 20:
            return another().reserve(new_id(), (pens, 1)).status_code
        return another().set_stock(pens, number).status_code

    assert at_once([partial(work, number) for number in range(30)]) == [201] * 20 + [200] * 10
    stock = warehouse.stock(pens)
    assert stock is not None
    assert (stock[0] in range(20, 30), stock[1]) == (True, 20)


def test_one_order_asked_for_by_many_reserves_once(warehouse: Warehouse, another: Another) -> None:
    pens, cups, order = warehouse.product(2), warehouse.product(9), new_id()
    statuses = at_once([lambda: another().reserve(order, (cups, 1), (pens, 2)).status_code] * 16)
    assert Counter(statuses) == {201: 1, 200: 15}
    assert (warehouse.stock(pens), warehouse.stock(cups)) == ((2, 2, 0), (9, 1, 8))


@pytest.mark.parametrize("attempt", range(5))
def test_a_reservation_ends_in_one_way(warehouse: Warehouse, another: Another, attempt: int) -> None:
    pens = warehouse.product(5)
    order = warehouse.reserved((pens, 2))
    actions = ["commit", "release"] * 8

    def settle(action: str) -> int:
        return another().settle(order, action).status_code

    seen = Counter(zip(actions, at_once([partial(settle, action) for action in actions]), strict=True))
    committed = {("commit", 200): 8, ("release", 409): 8}
    released = {("commit", 409): 8, ("release", 200): 8}
    assert (seen, warehouse.stock(pens)) in [(committed, (3, 0, 3)), (released, (5, 0, 5))]


@pytest.mark.parametrize("attempt", range(5))
def test_a_reserve_and_its_release_at_once_leave_nothing_reserved(
    warehouse: Warehouse, another: Another, attempt: int
) -> None:
    pens, order = warehouse.product(5), new_id()
    answers = at_once(
        [lambda: another().reserve(order, (pens, 2)).status_code] * 8
        + [lambda: another().settle(order, "release").status_code] * 8
    )
    assert Counter(answers[:8])[201] <= 1
    assert set(answers[:8]) <= {201, 200, 409}
    assert answers[8:] == [200] * 8
    assert warehouse.stock(pens) == (5, 0, 5)
