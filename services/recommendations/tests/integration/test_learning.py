"""What orders teach, with a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from recommendations.repository import RecommendationRepository
from shopkit.database import Database
from shopkit.ids import new_id

Confirm = Callable[..., str]
Cancel = Callable[..., None]


def _pairs(database: Database) -> dict[tuple[str, str], int]:
    rows = database.fetch_all("SELECT product_id, other_id, orders FROM pairs")
    return {(row["product_id"], row["other_id"]): row["orders"] for row in rows}


def _sales(database: Database) -> dict[str, int]:
    return {row["product_id"]: row["orders"] for row in database.fetch_all("SELECT product_id, orders FROM sales")}


def test_an_order_counts_its_products_and_each_pair_both_ways(database: Database, confirm: Confirm) -> None:
    lamp, bulb, desk = new_id(), new_id(), new_id()
    confirm(lamp, bulb)
    confirm(lamp, bulb, desk)
    assert _sales(database) == {lamp: 2, bulb: 2, desk: 1}
    assert _pairs(database) == {
        (lamp, bulb): 2,
        (bulb, lamp): 2,
        (lamp, desk): 1,
        (desk, lamp): 1,
        (bulb, desk): 1,
        (desk, bulb): 1,
    }


def test_an_order_told_of_twice_counts_once(database: Database, confirm: Confirm) -> None:
    """As the same event, which the inbox knows, and as another event of the same order."""
    lamp, bulb, event_id = new_id(), new_id(), new_id()
    order_id = confirm(lamp, bulb, event_id=event_id)
    confirm(lamp, bulb, order_id=order_id, event_id=event_id)
    confirm(lamp, bulb, order_id=order_id)
    assert _sales(database) == {lamp: 1, bulb: 1}


def test_a_product_on_two_lines_counts_once(database: Database, confirm: Confirm) -> None:
    lamp = new_id()
    confirm(lamp, lamp)
    assert _sales(database) == {lamp: 1}
    assert _pairs(database) == {}


def test_of_a_long_order_the_first_products_count(database: Database, confirm: Confirm) -> None:
    products = [new_id() for _ in range(25)][::-1]
    confirm(*products)
    assert set(_sales(database)) == set(products[:20])
    assert len(_pairs(database)) == 20 * 19


def test_a_refund_takes_back_what_the_order_taught_once(database: Database, confirm: Confirm, cancel: Cancel) -> None:
    lamp, bulb, desk = new_id(), new_id(), new_id()
    confirm(lamp, bulb)
    order_id = confirm(lamp, bulb, desk)
    cancel(order_id)
    cancel(order_id)
    assert _sales(database) == {lamp: 1, bulb: 1}
    assert _pairs(database) == {(lamp, bulb): 1, (bulb, lamp): 1}


def test_a_cancellation_without_refund_changes_nothing(database: Database, confirm: Confirm, cancel: Cancel) -> None:
    lamp = new_id()
    cancel(confirm(lamp), refunded=False)
    assert _sales(database) == {lamp: 1}


def test_a_refund_that_comes_first_leaves_nothing_to_learn(
    database: Database, confirm: Confirm, cancel: Cancel
) -> None:
    order_id, lamp = new_id(), new_id()
    cancel(order_id)
    confirm(lamp, order_id=order_id)
    assert _sales(database) == {}


def test_pairs_beyond_the_best_are_forgotten_and_of_equals_the_older(database: Database, confirm: Confirm) -> None:
    lamp, often, older, newer = new_id(), new_id(), new_id(), new_id()
    for other in (often, older, newer, often):
        confirm(lamp, other)
    repository = RecommendationRepository(database)
    assert repository.trim(keep=2) is False
    assert _pairs(database) == {
        (lamp, often): 2,
        (lamp, newer): 1,
        **{(other, lamp): count for other, count in ((often, 2), (older, 1), (newer, 1))},
    }


def test_a_refund_of_an_order_whose_pairs_were_forgotten_stays_above_zero(
    database: Database, confirm: Confirm, cancel: Cancel
) -> None:
    lamp, bulb = new_id(), new_id()
    order_id = confirm(lamp, bulb)
    database.execute("DELETE FROM pairs")
    cancel(order_id)
    assert (_sales(database), _pairs(database)) == ({}, {})


def test_old_orders_are_forgotten_and_what_they_taught_stays(database: Database, confirm: Confirm) -> None:
    lamp = new_id()
    old, new = confirm(lamp), confirm(lamp)
    database.execute("UPDATE learned_orders SET learned_at = now() - interval '9 days' WHERE order_id = %s", (old,))
    assert RecommendationRepository(database).forget(days=8) is False
    assert [row["order_id"] for row in database.fetch_all("SELECT order_id FROM learned_orders")] == [new]
    assert _sales(database) == {lamp: 2}


def test_replicas_that_learn_and_unlearn_at_once_lose_nothing(
    database: Database, confirm: Confirm, cancel: Cancel
) -> None:
    """All orders hold the same products in another sequence, half of them go back: no deadlock, exact counts."""
    products = [new_id() for _ in range(6)]

    def work(turn: int) -> None:
        for number in range(20):
            first = (turn + number) % 6
            order_id = confirm(*products[first:], *products[:first])
            if number % 2:
                cancel(order_id)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    assert set(_sales(database).values()) == {60}
    assert set(_pairs(database).values()) == {60}
    assert len(_pairs(database)) == 30
