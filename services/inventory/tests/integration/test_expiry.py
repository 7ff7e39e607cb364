"""Reservations whose time is over, on a real PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from inventory.repository import ReservationRepository
from inventory.reservations import Reservations
from shopkit.app import ServiceApp
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.client import body_of
from tests.integration.rival import Rival
from tests.integration.warehouse import Warehouse, slug_of

pytestmark = pytest.mark.usefixtures("true_journal")


@pytest.fixture
def sweeper(database: Database) -> Reservations:
    """Another replica's."""
    return Reservations(ReservationRepository(database), 900)


def let_expire(database: Database, *orders: str) -> None:
    """Let the time of reservations be over."""
    changed = database.execute(
        "UPDATE reservations SET expires_at = now() WHERE order_id = ANY(%s::uuid[])", (list(orders),)
    )
    assert changed == len(orders)


def test_a_reservation_lasts_a_quarter_of_an_hour(warehouse: Warehouse, database: Database) -> None:
    order = new_id()
    made = warehouse.reserve(order, (warehouse.product(1), 1))
    row = database.fetch_row("SELECT created_at, expires_at FROM reservations")
    assert row["expires_at"] - row["created_at"] == timedelta(minutes=15)
    assert datetime.fromisoformat(body_of(made)["expires_at"]) == row["expires_at"]


def test_the_time_is_a_setting(warehouse: Warehouse, database: Database) -> None:
    pens, order = warehouse.product(1), new_id()
    Reservations(ReservationRepository(database), 60).reserve(order, {pens: 1})
    row = database.fetch_row("SELECT expires_at - created_at AS time FROM reservations")
    assert row["time"] == timedelta(minutes=1)


def test_asking_again_does_not_renew_it(warehouse: Warehouse, database: Database) -> None:
    pens = warehouse.product(1)
    order = warehouse.reserved((pens, 1))
    database.execute("UPDATE reservations SET expires_at = '2030-01-01Z'")
    assert body_of(warehouse.reserve(order, (pens, 1)))["expires_at"] == "2030-01-01T00:00:00Z"


def test_the_sweeper_gives_the_pieces_back(warehouse: Warehouse, database: Database, sweeper: Reservations) -> None:
    pens, cups = warehouse.product(5), warehouse.product(5)
    late, other = warehouse.reserved((pens, 2), (cups, 1)), warehouse.reserved((pens, 1))
    let_expire(database, late)
    assert sweeper.sweep(100) is False
    assert (warehouse.stock(pens), warehouse.stock(cups)) == ((5, 1, 4), (5, 0, 5))
    refused, released = warehouse.settle(late, "commit"), warehouse.settle(late, "release")
    assert (refused.status_code, slug_of(refused)) == (409, "reservation-expired")
    assert (released.status_code, body_of(released)["status"]) == (200, "released")
    again = warehouse.reserve(late, (pens, 2), (cups, 1))
    assert (again.status_code, slug_of(again)) == (409, "reservation-expired")
    assert warehouse.settle(other, "commit").status_code == 200
    assert (warehouse.stock(pens), warehouse.stock(cups)) == ((4, 0, 4), (5, 0, 5))


def test_what_is_settled_does_not_expire(warehouse: Warehouse, database: Database, sweeper: Reservations) -> None:
    pens = warehouse.product(5)
    sold, given_back = warehouse.reserved((pens, 2)), warehouse.reserved((pens, 1))
    warehouse.settle(sold, "commit")
    warehouse.settle(given_back, "release")
    let_expire(database, sold, given_back)
    assert sweeper.sweep(100) is False
    assert warehouse.stock(pens) == (3, 0, 3)
    assert warehouse.settle(sold, "commit").status_code == 200
    assert slug_of(warehouse.settle(given_back, "commit")) == "reservation-released"


def test_until_it_is_swept_it_can_be_committed(warehouse: Warehouse, database: Database) -> None:
    pens = warehouse.product(5)
    order = warehouse.reserved((pens, 2))
    let_expire(database, order)
    assert warehouse.settle(order, "commit").status_code == 200
    assert warehouse.stock(pens) == (3, 0, 3)


def test_what_still_has_time_does_not_expire(warehouse: Warehouse, database: Database, sweeper: Reservations) -> None:
    pens = warehouse.product(5)
    order = warehouse.reserved((pens, 2))
    assert (sweeper.sweep(100), ReservationRepository(database).expire(order)) == (False, {})
    assert warehouse.stock(pens) == (5, 2, 3)
    assert warehouse.settle(order, "commit").status_code == 200


def test_a_full_batch_is_followed_by_another(warehouse: Warehouse, database: Database, sweeper: Reservations) -> None:
    pens = warehouse.product(5)
    let_expire(database, *(warehouse.reserved((pens, 1)) for _ in range(5)))
    assert [sweeper.sweep(2), sweeper.sweep(2), sweeper.sweep(2)] == [True, True, False]
    assert warehouse.stock(pens) == (5, 0, 5)


def test_a_reservation_that_is_being_settled_is_left_alone(
    warehouse: Warehouse, database: Database, sweeper: Reservations, rival: Rival
) -> None:
    pens = warehouse.product(5)
    settled, late = warehouse.reserved((pens, 1)), warehouse.reserved((pens, 2))
    let_expire(database, settled, late)
    rival.run("SELECT FROM reservations WHERE order_id = %s FOR UPDATE", settled)
    assert sweeper.sweep(100) is False
    assert warehouse.stock(pens) == (5, 1, 4)


def test_a_commit_that_comes_between_the_look_and_the_sweep_wins(warehouse: Warehouse, database: Database) -> None:
    pens = warehouse.product(5)
    order = warehouse.reserved((pens, 2))
    let_expire(database, order)
    repository = ReservationRepository(database)
    assert repository.due(100) == [order]
    warehouse.settle(order, "commit")
    assert (repository.expire(order), repository.due(100)) == ({}, [])
    assert warehouse.stock(pens) == (3, 0, 3)


def test_replicas_sweep_while_orders_are_committed(
    warehouse: Warehouse, database: Database, sweeper: Reservations, another: Callable[[], Warehouse]
) -> None:
    products = [warehouse.product(100) for _ in range(3)]
    orders = [warehouse.reserved(*((product, 1) for product in products)) for _ in range(24)]
    let_expire(database, *orders)
    start = Barrier(8)

    def work(number: int) -> Counter[int]:
        start.wait(timeout=30)
        if number < 4:
            while sweeper.sweep(3):
                pass
            return Counter()
        mine = another()
        return Counter(mine.settle(order, "commit").status_code for order in orders[number - 4 :: 4])

    with ThreadPoolExecutor(8) as pool:
        seen = sum(pool.map(work, range(8)), Counter())
    while sweeper.sweep(100):
        pass
    sold = seen[200]
    assert seen[200] + seen[409] == 24
    assert [warehouse.stock(product) for product in products] == [(100 - sold, 0, 100 - sold)] * 3


def test_the_service_sweeps_by_itself(app: ServiceApp) -> None:
    jobs = [(job.name, job.seconds) for job in app.runtime.background.jobs]
    assert jobs == [("expire-reservations", 5.0)]
