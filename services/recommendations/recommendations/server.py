"""The gRPC server of the worker process: Recommend, health and reflection."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from recommendations.answering import SERVICE_NAME, Recommender
from recommendations.settings import RecommendationsSettings

_log = structlog.get_logger(__name__)

# Calls are small: a hundred ids twice.
MAX_MESSAGE_BYTES = 65_536
# How many calls may be there for each thread, at work or waiting; beyond it RESOURCE_EXHAUSTED at once.
CALLS_PER_THREAD = 5


class GrpcServer:
    """A gRPC server that takes leave without failing a call.

    Args:
        recommender: what answers.
        settings: port, threads and how long the leave may take.

    Attributes:
        port: the port it listens on, once started.
    """

    def __init__(self, recommender: Recommender, settings: RecommendationsSettings) -> None:
        self._recommender = recommender
        self._settings = settings
        self._health = health.HealthServicer()
        self.port = 0

    def start(self) -> None:
        """Listen. Raises RuntimeError when the port is taken."""
        threads = self._settings.grpc_threads
        self._server = grpc.server(
            ThreadPoolExecutor(threads, thread_name_prefix="grpc"),
            options=self._options(),
            maximum_concurrent_rpcs=threads * CALLS_PER_THREAD,
        )
        self._server.add_generic_rpc_handlers((self._recommender.handlers(),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (SERVICE_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        for name in ("", SERVICE_NAME):
            self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        self.port = self._server.add_insecure_port(f"[::]:{self._settings.grpc_port}")
        self._server.start()
        _log.info("the gRPC server listens", port=self.port)

    def stop(self) -> None:
        """Tell clients to go elsewhere, give them time for it, then finish what is under way."""
        self._health.enter_graceful_shutdown()
        self._server.wait_for_termination(self._settings.shutdown_drain_seconds)
        self._server.stop(self._settings.shutdown_grace_seconds).wait()

    def _options(self) -> list[tuple[str, int]]:
        age = self._settings.grpc_connection_age_seconds * 1000
        return [
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_connection_age_ms", age),
            ("grpc.max_connection_age_grace_ms", self._settings.shutdown_grace_seconds * 1000),
            # Clients may ask every ten seconds whether the connection still stands; by default that is misbehaviour.
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ]
