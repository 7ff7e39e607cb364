"""The definition of the service."""

from __future__ import annotations

from recommendations.answering import Recommender
from recommendations.learning import Assistant, consumer
from recommendations.repository import RecommendationRepository
from recommendations.server import GrpcServer
from recommendations.settings import RecommendationsSettings
from shopkit.service import Runtime, Service

_HOUR = 3600.0


def build(runtime: Runtime[RecommendationsSettings]) -> Assistant:
    """Make what learns and answers, and declare the server and the jobs."""
    settings = runtime.settings
    repository = RecommendationRepository(runtime.database)
    recommender = Recommender(repository, settings.database_statement_timeout, runtime.metrics.registry)
    server = GrpcServer(recommender, settings)
    runtime.background.component("grpc", server.start, server.stop)
    runtime.background.every(60.0, "trim", lambda: repository.trim(settings.pairs_per_product))
    runtime.background.every(_HOUR, "forget", lambda: repository.forget(settings.order_memory_days))
    return Assistant(recommender, settings.order_max_products)


SERVICE = Service(
    name="recommendations",
    version="0.1.0",
    summary="What goes well with what a shopper looks at, by gRPC.",
    settings=RecommendationsSettings,
    apis=(),
    build=build,
    consumes=consumer,
)
