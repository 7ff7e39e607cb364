"""What is refused before the database is asked."""

from __future__ import annotations

import grpc
import psycopg2
import pytest
from prometheus_client import CollectorRegistry

from recommendations.answering import Recommender, RefusedError
from recommendations.repository import RecommendationRepository
from recommendations.rpc.recommendations_pb2 import RecommendRequest
from shopkit.database import Row
from shopkit.ids import new_id
from shopkit.pool import PoolTimeout


class _Repository(RecommendationRepository):
    """Notes what it is asked; answers with nothing, or with an error."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[list[str], list[str], int, float]] = []

    def recommend(self, product_ids: object, unwanted: object, limit: int, seconds: float) -> list[Row]:
        """Note the arguments."""
        assert isinstance(product_ids, list)
        assert isinstance(unwanted, list)
        self.asked.append((product_ids, unwanted, limit, seconds))
        if self.error is not None:
            raise self.error
        return []


def _recommender(error: Exception | None = None) -> tuple[Recommender, _Repository]:
    repository = _Repository(error)
    return Recommender(repository, 5.0, CollectorRegistry()), repository


@pytest.mark.parametrize(
    ("request_", "detail"),
    [
        (RecommendRequest(limit=51), "limit: must be from 1 to 50, or 0 for 10"),
        (RecommendRequest(limit=-1), "limit: must be from 1 to 50, or 0 for 10"),
        (RecommendRequest(product_ids=["x"]), "product_ids[0]: must be a UUID"),
        (RecommendRequest(exclude_product_ids=[new_id(), ""]), "exclude_product_ids[1]: must be a UUID"),
        (RecommendRequest(product_ids=[new_id()] * 101), "product_ids: at most 100, not 101"),
    ],
)
def test_a_wrong_request_is_refused_by_field(request_: RecommendRequest, detail: str) -> None:
    recommender, repository = _recommender()
    with pytest.raises(RefusedError) as caught:
        recommender.recommend(request_)
    assert caught.value == RefusedError(grpc.StatusCode.INVALID_ARGUMENT, detail)
    assert repository.asked == []


def test_ids_are_asked_for_once_and_in_lower_case() -> None:
    recommender, repository = _recommender()
    one, other = new_id(), new_id()
    recommender.recommend(RecommendRequest(product_ids=[one.upper(), one, other], exclude_product_ids=[other]))
    assert repository.asked == [([one, other], [other], 10, 5.0)]


def test_the_database_gets_no_more_time_than_the_caller_has() -> None:
    recommender, repository = _recommender()
    recommender.recommend(RecommendRequest(limit=3), 0.25)
    assert repository.asked == [([], [], 3, 0.25)]


def test_nothing_is_asked_for_a_caller_who_has_left() -> None:
    recommender, repository = _recommender()
    with pytest.raises(RefusedError) as caught:
        recommender.recommend(RecommendRequest(), 0.001)
    assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert repository.asked == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg2.errors.QueryCanceled(), grpc.StatusCode.DEADLINE_EXCEEDED),
        (psycopg2.OperationalError("server closed the connection"), grpc.StatusCode.UNAVAILABLE),
        (PoolTimeout("no connection"), grpc.StatusCode.UNAVAILABLE),
    ],
)
def test_troubles_of_the_database_have_their_status(error: Exception, code: grpc.StatusCode) -> None:
    recommender, _ = _recommender(error)
    with pytest.raises(RefusedError) as caught:
        recommender.recommend(RecommendRequest())
    assert caught.value.code is code
