"""The RPC: what is asked, what is answered, and which status an error has."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import grpc
import psycopg2
import structlog
from google.protobuf.message import Message
from prometheus_client import CollectorRegistry, Histogram

from recommendations.repository import RecommendationRepository
from recommendations.rpc.recommendations_pb2 import Recommendation, RecommendRequest, RecommendResponse, Source
from shopkit import context as request_context
from shopkit.errors import first_line
from shopkit.ids import is_id
from shopkit.pool import PoolTimeout

_log = structlog.get_logger(__name__)

SERVICE_NAME = "shopkeeper.recommendations.v1.Recommendations"
DEFAULT_LIMIT = 10
MAX_LIMIT = 50
MAX_IDS = 100
# With this much left the answer would not arrive in time anyway.
LEAST_SECONDS = 0.002
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(frozen=True)
class RefusedError(Exception):
    """The call is not answered.

    Attributes:
        code: its gRPC status.
        detail: a sentence that names the cause.
    """

    code: grpc.StatusCode
    detail: str


class Recommender:
    """Answers calls of `Recommend`.

    Args:
        repository: what was learned.
        most_seconds: longest time of the SQL statement, also for callers without a deadline.
        registry: where calls are counted and timed.
    """

    def __init__(self, repository: RecommendationRepository, most_seconds: float, registry: CollectorRegistry) -> None:
        self._repository = repository
        self._most_seconds = most_seconds
        self._handled = Histogram(
            "grpc_server_handling_seconds",
            "gRPC calls by method and status code.",
            ("method", "code"),
            buckets=_BUCKETS,
            registry=registry,
        )

    def handlers(self) -> grpc.GenericRpcHandler:
        """Return what a gRPC server needs to serve the calls."""
        method = grpc.unary_unary_rpc_method_handler(
            self.serve,
            request_deserializer=RecommendRequest.FromString,
            response_serializer=RecommendResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(SERVICE_NAME, {"Recommend": method})

    def serve(self, request: RecommendRequest, call: grpc.ServicerContext) -> Message:
        """Answer one call within its request context."""
        found = request_context.from_environ(_as_environ(call.invocation_metadata()))
        token = request_context.current.set(found)
        started = time.perf_counter()
        code = grpc.StatusCode.OK
        try:
            call.send_initial_metadata((("x-request-id", found.request_id),))
            return self.recommend(request, _seconds_left(call))
        except RefusedError as refusal:
            code = refusal.code
            _refuse(call, refusal)
        except Exception as error:  # noqa: BLE001 - the caller gets a status, never the text of an error
            code = grpc.StatusCode.INTERNAL
            _log.error("a call failed", method="Recommend", exc_info=error)
            _refuse(call, RefusedError(code, "an error of the server; its log has the request id"))
        finally:
            self._handled.labels("Recommend", code.name).observe(time.perf_counter() - started)
            request_context.current.reset(token)

    def recommend(self, request: RecommendRequest, seconds_left: float = math.inf) -> RecommendResponse:
        """Return what goes well with the products of the request, filled up with best sellers.

        Args:
            request: the request.
            seconds_left: how long the caller still waits.

        Raises:
            RefusedError: the request is wrong, its time is over, or the database is away.
        """
        viewed = _ids("product_ids", request.product_ids)
        excluded = _ids("exclude_product_ids", request.exclude_product_ids)
        limit = _limit(request.limit)
        if seconds_left < LEAST_SECONDS:
            raise RefusedError(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline was over before the call was looked at")
        try:
            rows = self._repository.recommend(viewed, excluded, limit, min(seconds_left, self._most_seconds))
        except psycopg2.errors.QueryCanceled:
            raise RefusedError(grpc.StatusCode.DEADLINE_EXCEEDED, "the database did not answer in time") from None
        except PoolTimeout as error:
            raise RefusedError(grpc.StatusCode.UNAVAILABLE, str(error)) from None
        except psycopg2.OperationalError as error:
            _log.warning("the database does not answer", cause=first_line(error))
            raise RefusedError(grpc.StatusCode.UNAVAILABLE, "the database does not answer") from None
        return RecommendResponse(
            recommendations=[
                Recommendation(product_id=row["product_id"], score=row["score"], source=_source(row["together"]))
                for row in rows
            ]
        )


def _refuse(call: grpc.ServicerContext, refusal: RefusedError) -> NoReturn:
    call.abort(refusal.code, refusal.detail)


def _as_environ(metadata: Iterable[tuple[str, str | bytes]] | None) -> dict[str, str]:
    """Return the metadata as WSGI would: from there on it is a request like any other."""
    return {"HTTP_" + key.upper().replace("-", "_"): value for key, value in metadata or () if isinstance(value, str)}


def _seconds_left(call: grpc.ServicerContext) -> float:
    left = call.time_remaining()
    return math.inf if left is None else left


def _source(together: bool) -> Source:
    return Source.SOURCE_CO_PURCHASE if together else Source.SOURCE_BEST_SELLER


def _limit(asked: int) -> int:
    if not 0 <= asked <= MAX_LIMIT:
        raise RefusedError(
            grpc.StatusCode.INVALID_ARGUMENT, f"limit: must be from 1 to {MAX_LIMIT}, or 0 for {DEFAULT_LIMIT}"
        )
    return asked or DEFAULT_LIMIT


def _ids(field: str, values: Sequence[str]) -> list[str]:
    """Return the ids of a field, each once."""
    if len(values) > MAX_IDS:
        raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, f"{field}: at most {MAX_IDS}, not {len(values)}")
    for position, value in enumerate(values):
        if not is_id(value):
            raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, f"{field}[{position}]: must be a UUID")
    return list(dict.fromkeys(value.lower() for value in values))
