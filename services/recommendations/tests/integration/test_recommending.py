"""What is recommended, with a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import psycopg2
import pytest
from prometheus_client import CollectorRegistry

from recommendations.answering import Recommender
from recommendations.repository import RecommendationRepository
from recommendations.rpc.recommendations_pb2 import RecommendRequest, Source
from shopkit.database import Database, Params, Row
from shopkit.ids import new_id

Confirm = Callable[..., str]
TOGETHER, POPULAR = Source.SOURCE_CO_PURCHASE, Source.SOURCE_BEST_SELLER


def _ask(
    database: Database, viewed: Sequence[str] = (), limit: int = 0, exclude: Sequence[str] = ()
) -> list[tuple[str, float, Source]]:
    recommender = Recommender(RecommendationRepository(database), 5.0, CollectorRegistry())
    answer = recommender.recommend(RecommendRequest(product_ids=viewed, limit=limit, exclude_product_ids=exclude))
    return [(each.product_id, each.score, each.source) for each in answer.recommendations]


def test_what_was_bought_together_comes_first_then_best_sellers(database: Database, confirm: Confirm) -> None:
    lamp, bulb, desk, chair = new_id(), new_id(), new_id(), new_id()
    confirm(lamp, desk)
    for _ in range(2):
        confirm(lamp, bulb)
    for _ in range(4):
        confirm(chair)
    assert _ask(database, [lamp]) == [(bulb, 2, TOGETHER), (desk, 1, TOGETHER), (chair, 4, POPULAR)]


def test_the_counts_of_all_products_in_view_add_up(database: Database, confirm: Confirm) -> None:
    lamp, bulb, desk, chair = new_id(), new_id(), new_id(), new_id()
    confirm(lamp, desk)
    confirm(bulb, desk)
    confirm(bulb, chair)
    assert _ask(database, [lamp, bulb], limit=2) == [(desk, 2, TOGETHER), (chair, 1, TOGETHER)]


def test_unknown_products_get_best_sellers(database: Database, confirm: Confirm) -> None:
    lamp = new_id()
    confirm(lamp)
    assert _ask(database, [new_id()]) == [(lamp, 1, POPULAR)]
    assert _ask(database) == [(lamp, 1, POPULAR)]


def test_a_new_shop_recommends_nothing(database: Database) -> None:
    assert _ask(database, [new_id()]) == []


def test_what_is_in_view_or_excluded_is_not_recommended(database: Database, confirm: Confirm) -> None:
    lamp, bulb, desk = new_id(), new_id(), new_id()
    confirm(lamp, bulb, desk)
    assert _ask(database, [lamp], exclude=[bulb]) == [(desk, 1, TOGETHER)]
    assert _ask(database, [lamp, bulb, desk]) == []


@pytest.mark.parametrize(("limit", "expected"), [(0, 10), (1, 1), (50, 50)])
def test_there_are_at_most_as_many_as_asked_for(
    database: Database, confirm: Confirm, limit: int, expected: int
) -> None:
    for _ in range(60):
        confirm(new_id())
    assert len(_ask(database, limit=limit)) == expected


def test_a_read_takes_the_first_rows_of_an_index_however_many_there_are(database: Database) -> None:
    """The plan of the real statement on a product that was bought with 20,000 others: no sort of them, no scan."""
    product = new_id()
    database.execute(
        "INSERT INTO pairs (product_id, other_id, orders)"
        " SELECT %s, gen_random_uuid(), i FROM generate_series(1, 20000) i",
        (product,),
    )
    database.execute("INSERT INTO sales (product_id, orders) SELECT other_id, orders FROM pairs")
    database.execute("ANALYZE")
    plan = _plan(database, product)
    assert "best_pairs" in plan
    assert "best_sellers" in plan
    assert "Seq Scan" not in plan
    # Fifty pairs, and the fifty best sellers beside them.
    assert _most_rows(plan) <= 100


def _plan(database: Database, product: str) -> str:
    """Return the plan of the statement that `recommend` runs, as it ran."""

    class Explaining(Database):
        def __init__(self) -> None:
            """No connections of its own."""

        def fetch_all(self, sql: str, params: Params = ()) -> list[Row]:
            _, _, query = sql.partition(";")
            return database.fetch_all(f"EXPLAIN (ANALYZE, COSTS OFF) {query}", params)

    rows = RecommendationRepository(Explaining()).recommend([product], [], 50, 5.0)
    return "\n".join(str(row["QUERY PLAN"]) for row in rows)


def _most_rows(plan: str) -> float:
    return max(float(part.split()[0]) for part in plan.split("rows=")[1:])


def test_the_statement_gets_no_more_time_than_it_is_given(database: Database) -> None:
    repository = RecommendationRepository(database)
    with database.transaction() as tx:
        tx.execute("LOCK TABLE pairs IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(psycopg2.errors.QueryCanceled):
            repository.recommend([new_id()], [], 10, 0.05)
    assert repository.recommend([new_id()], [], 10, 5.0) == []
    shown = database.fetch_row("SELECT current_setting('statement_timeout') AS value")
    assert shown["value"] == "5s"
