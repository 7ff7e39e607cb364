"""Settings of the service."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.messaging.settings import ConsumerSettings
from shopkit.settings import Settings, between, setting


@dataclass(frozen=True, kw_only=True)
class RecommendationsSettings(Settings, ConsumerSettings):
    """What `recommendations` reads from the environment."""

    grpc_port: int = setting("GRPC_PORT", "Port of the gRPC server.", default=8081, check=between(0, 65535))
    grpc_threads: int = setting(
        "GRPC_THREADS",
        "Threads that answer gRPC calls; four times as many calls may wait.",
        default=8,
        check=between(1, 256),
    )
    grpc_connection_age_seconds: int = setting(
        "GRPC_CONNECTION_AGE_SECONDS",
        "After which a connection is ended gracefully: clients then look up the addresses anew and find new replicas.",
        default=30,
        check=between(1, 86_400),
    )
    order_max_products: int = setting(
        "ORDER_MAX_PRODUCTS",
        "How many products of one order are learned from; the pairs of an order grow with the square of it.",
        default=20,
        check=between(2, 100),
    )
    pairs_per_product: int = setting(
        "PAIRS_PER_PRODUCT",
        "How many products are remembered beside each product, the most frequent ones.",
        default=200,
        check=between(50, 10_000),
    )
    order_memory_days: int = setting(
        "ORDER_MEMORY_DAYS",
        "How long it is known what an order taught; a cancellation after that takes nothing back.",
        default=120,
        check=between(15, 3650),
    )
