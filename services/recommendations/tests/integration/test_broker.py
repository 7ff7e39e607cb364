"""The service as a real process between a real broker, a real PostgreSQL and a client that asks it."""

from __future__ import annotations

from pathlib import Path

import grpc

from recommendations.answering import SERVICE_NAME
from recommendations.rpc.recommendations_pb2 import RecommendRequest, RecommendResponse
from recommendations.service import SERVICE
from shopkit.database import Database
from shopkit.ids import new_id
from shopkit.testing.postgres import free_port
from shopkit.testing.process import ServerProcess
from shopkit.testing.rabbitmq import Broker, role_url
from shopkit.testing.waiting import wait_for


def test_what_orders_tell_is_learned_and_recommended_and_taken_back(
    database: Database, broker: Broker, environ: dict[str, str], tmp_path: Path
) -> None:
    """The cancellation of the first order is told before its confirmation: it never counts."""
    port = free_port()
    wanted = {**environ, "AMQP_URL": role_url(broker.url, SERVICE.name), "GRPC_PORT": str(port)}
    lamp, bulb, desk = new_id(), new_id(), new_id()
    first, second = _order(lamp, desk), _order(lamp, bulb)
    with (
        ServerProcess(SERVICE.name, wanted, tmp_path / "log"),
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        broker.publish("order.cancelled", {**first, "refunded": True})
        broker.publish("order.confirmed", first)
        told = broker.publish("order.confirmed", second)
        broker.publish("order.confirmed", second, event_id=told)
        wait_for(lambda: _recommended(channel, lamp) == [(bulb, 1)], "the second order to be learned")
        broker.publish("order.cancelled", {**second, "refunded": True})
        wait_for(lambda: _recommended(channel, lamp) == [], "the second order to be taken back")
    assert broker.count("dead") == 0
    assert database.fetch_row("SELECT count(*) AS number FROM inbox")["number"] == 4


def _order(*product_ids: str) -> dict[str, object]:
    lines = [
        {"product_id": each, "name": "Lamp", "quantity": 1, "unit_price": 100, "total": 100} for each in product_ids
    ]
    total = 100 * len(lines)
    return {"order_id": new_id(), "user_id": new_id(), "currency": "EUR", "total": total, "lines": lines}


def _recommended(channel: grpc.Channel, product: str) -> list[tuple[str, float]]:
    recommend = channel.unary_unary(
        f"/{SERVICE_NAME}/Recommend",
        request_serializer=RecommendRequest.SerializeToString,
        response_deserializer=RecommendResponse.FromString,
    )
    answer = recommend(RecommendRequest(product_ids=[product]), timeout=5, wait_for_ready=True)
    return [(each.product_id, each.score) for each in answer.recommendations]
