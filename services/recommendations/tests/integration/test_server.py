"""The gRPC server as a real process: deadlines, health, reflection, and leaving under load."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest
import urllib3
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from recommendations.answering import SERVICE_NAME
from recommendations.rpc.recommendations_pb2 import RecommendRequest, RecommendResponse
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.postgres import free_port
from shopkit.testing.process import ServerProcess
from shopkit.testing.waiting import wait_for

Confirm = Callable[..., str]
Recommend: TypeAlias = "grpc.UnaryUnaryMultiCallable[RecommendRequest, RecommendResponse]"
TRACE = "00-11111111111111111111111111111111-2222222222222222-01"
# As the storefront does it.
OPTIONS = [
    (
        "grpc.service_config",
        json.dumps(
            {
                "loadBalancingConfig": [{"round_robin": {}}],
                "healthCheckConfig": {"serviceName": SERVICE_NAME},
                "methodConfig": [
                    {
                        "name": [{"service": SERVICE_NAME}],
                        "retryPolicy": {
                            "maxAttempts": 3,
                            "initialBackoff": "0.02s",
                            "maxBackoff": "0.1s",
                            "backoffMultiplier": 2,
                            "retryableStatusCodes": ["UNAVAILABLE"],
                        },
                    }
                ],
            }
        ),
    ),
    ("grpc.enable_http_proxy", 0),
]


class _Running:
    """A server process and the port of its gRPC server."""

    def __init__(self, process: ServerProcess, port: int) -> None:
        self.process = process
        self.address = f"127.0.0.1:{port}"

    def answered(self) -> int:
        """Return how many calls it has answered."""
        lines = urllib3.request("GET", self.process.metrics_url).data.decode().splitlines()
        counts = [line for line in lines if line.startswith("grpc_server_handling_seconds_count")]
        return int(sum(float(line.split()[-1]) for line in counts if 'code="OK"' in line))


@contextmanager
def _serve(environ: dict[str, str], folder: Path, **changed: str) -> Iterator[_Running]:
    port = free_port()
    wanted = {**environ, "GRPC_PORT": str(port), "SHUTDOWN_DRAIN_SECONDS": "0.5", **changed}
    with ServerProcess("recommendations", wanted, folder / f"{port}.log") as process:
        yield _Running(process, port)


@pytest.fixture
def server(environ: dict[str, str], tmp_path: Path) -> Iterator[_Running]:
    """A server that runs."""
    with _serve(environ, tmp_path) as running:
        yield running


@contextmanager
def _channel(*servers: _Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel("ipv4:" + ",".join(each.address for each in servers), OPTIONS) as channel:
        yield channel


def _method(channel: grpc.Channel) -> Recommend:
    return channel.unary_unary(
        f"/{SERVICE_NAME}/Recommend",
        request_serializer=RecommendRequest.SerializeToString,
        response_deserializer=RecommendResponse.FromString,
    )


def test_a_call_is_answered_within_its_request_context(database: Database, confirm: Confirm, server: _Running) -> None:
    lamp, bulb = new_id(), new_id()
    confirm(lamp, bulb)
    with _channel(server) as channel:
        metadata = (("x-request-id", "request-7"), ("traceparent", TRACE))
        request = RecommendRequest(product_ids=[lamp])
        answer, call = _method(channel).with_call(request, timeout=5, metadata=metadata, wait_for_ready=True)
    assert [each.product_id for each in answer.recommendations] == [bulb]
    assert ("x-request-id", "request-7") in [tuple(each) for each in call.initial_metadata()]
    assert server.answered() == 1


def test_a_wrong_call_has_its_status_and_the_field_in_the_detail(database: Database, server: _Running) -> None:
    with _channel(server) as channel, pytest.raises(grpc.RpcError) as caught:
        _method(channel)(RecommendRequest(limit=99), timeout=5, wait_for_ready=True)
    assert _code(caught.value) is grpc.StatusCode.INVALID_ARGUMENT
    assert "limit: must be from 1 to 50" in str(caught.value)


def test_nobody_works_for_a_caller_whose_deadline_is_over(database: Database, server: _Running) -> None:
    """The caller gets its status in time, and the server's statement ends although what it waits for stays locked."""
    waiting = (
        "SELECT count(*) AS number FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%together%%'"
    )
    with _channel(server) as channel, database.transaction() as tx:
        recommend = _method(channel)
        tx.execute("LOCK TABLE pairs IN ACCESS EXCLUSIVE MODE")
        call = recommend.future(RecommendRequest(product_ids=[new_id()]), timeout=1.5, wait_for_ready=True)
        wait_for(lambda: database.fetch_row(waiting)["number"] == 1, "the statement waits for the lock")
        assert call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        wait_for(lambda: database.fetch_row(waiting)["number"] == 0, "the statement is given up", 2.0)


def test_health_and_reflection_are_served(database: Database, server: _Running) -> None:
    with _channel(server) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        for name in ("", SERVICE_NAME):
            answer = check(health_pb2.HealthCheckRequest(service=name), timeout=5, wait_for_ready=True)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
        reflect = channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        (listed,) = reflect(asked, timeout=5)
    names = {each.name for each in listed.list_services_response.service}
    assert names == {SERVICE_NAME, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


def test_a_server_leaves_under_load_and_no_call_fails(
    database: Database, confirm: Confirm, environ: dict[str, str], tmp_path: Path
) -> None:
    """Two servers share the load; one is told to stop: it answers what it has, the other takes the rest."""
    confirm(new_id())
    with _serve(environ, tmp_path) as one, _serve(environ, tmp_path) as other, _channel(one, other) as channel:
        _method(channel)(RecommendRequest(), timeout=5, wait_for_ready=True)
        load = _Load(_method(channel))
        with load:
            wait_for(lambda: one.answered() > 50 and other.answered() > 50, "both servers answer")
            one.process.stop()
            assert one.process.process.wait(timeout=15) == 0
            before = other.answered()
            wait_for(lambda: other.answered() > before + 50, "the other server goes on")
    assert load.failures == []
    assert load.answers > 150


def test_connections_end_after_their_time_and_no_call_fails(
    database: Database, environ: dict[str, str], tmp_path: Path
) -> None:
    """So clients look up addresses again; here the connection is made anew five times, seen from a count of sockets."""
    with _serve(environ, tmp_path, GRPC_CONNECTION_AGE_SECONDS="1") as server, _channel(server) as channel:
        states: list[grpc.ChannelConnectivity] = []
        channel.subscribe(states.append, try_to_connect=True)
        _method(channel)(RecommendRequest(), timeout=5, wait_for_ready=True)
        load = _Load(_method(channel))
        with load:
            wait_for(lambda: states.count(grpc.ChannelConnectivity.READY) >= 3, "the connection is made anew", 20.0)
    assert load.failures == []


class _Load:
    """Calls from four threads, one after the other, while the block runs.

    Attributes:
        answers: how many calls were answered.
        failures: status and detail of those that were not.
    """

    def __init__(self, recommend: Recommend) -> None:
        self.answers = 0
        self.failures: list[str] = []
        self._recommend = recommend
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(4)]

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._recommend(RecommendRequest(), timeout=5)
            except grpc.RpcError as error:
                self.failures.append(str(error))
            else:
                with self._lock:
                    self.answers += 1

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


def _code(error: grpc.RpcError) -> grpc.StatusCode:
    assert isinstance(error, grpc.Call)
    return error.code()
