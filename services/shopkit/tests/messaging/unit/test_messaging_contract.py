"""The committed files of messaging agree with the code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shopkit.messaging.consumer import Consumer
from shopkit.messaging.events import EventData
from shopkit.messaging.settings import ConsumerSettings, PublisherSettings
from shopkit.messaging.topology import TopologyError, check, definitions, retry_key
from shopkit.service import Service, find_service
from shopkit.settings import table
from shopkit.testing.messaging import SERVICES, check_contract

TOPOLOGY = Path(__file__).parents[1] / "topology.json"


def services_of_the_shop() -> list[Service[Any]]:
    """Every service that publishes or consumes."""
    names = [
        path.parent.parent.name for path in SERVICES.glob("*/*/service.py") if path.parent.parent.name != "shopkit"
    ]
    found = [find_service(name) for name in sorted(names)]
    return [service for service in found if service.publishes or service.consumes is not None]


def test_the_messenger_keeps_its_contract(service: Service[Any]) -> None:
    check_contract(service)


def test_tests_run_on_the_topology_of_the_messenger_with_pauses_a_hundredth_as_long(service: Service[Any]) -> None:
    wanted = definitions([service])
    for policy in wanted["policies"]:
        if "message-ttl" in policy["definition"]:
            policy["definition"]["message-ttl"] //= 100
    assert json.loads(TOPOLOGY.read_text()) == wanted


def test_the_broker_of_a_shop_has_the_topology_of_its_services() -> None:
    """`make generate` mends it."""
    file = SERVICES.parent / "charts/rabbitmq/files/topology.json"
    assert json.loads(file.read_text()) == definitions(services_of_the_shop())


def test_every_event_that_is_consumed_is_published() -> None:
    services = services_of_the_shop()
    check(services)
    assert {service.name for service in services} == {"notifications", "orders", "recommendations", "users"}


def test_an_event_that_nobody_publishes_is_named(service: Service[Any]) -> None:
    with pytest.raises(
        TopologyError, match=r"^messenger consumes dev\.shopkeeper\.note\.kept\.v1, which no service publishes$"
    ):
        definitions([replace(service, publishes=())])


def test_an_event_that_two_publish_is_named(service: Service[Any]) -> None:
    with pytest.raises(TopologyError, match=r"^messenger and twin both publish dev\.shopkeeper\.note\.kept\.v1$"):
        check([service, replace(service, name="twin")])


def test_the_pauses_end_after_the_third_failure() -> None:
    assert [retry_key(attempt) for attempt in (1, 2, 3, 4)] == ["retry.5s", "retry.30s", "retry.300s", None]


def test_an_event_has_one_handler() -> None:
    consumer: Consumer[object] = Consumer()
    consumer.on("note.kept", EventData)(lambda _context, _tx, _event: None)
    with pytest.raises(ValueError, match=r"two handlers for dev\.shopkeeper\.note\.kept\.v1"):
        consumer.on("note.kept", EventData)(lambda _context, _tx, _event: None)


@pytest.mark.parametrize("kind", [PublisherSettings, ConsumerSettings])
def test_the_readme_has_the_configuration_tables(kind: type[object]) -> None:
    """`shopkit.settings.table` makes them."""
    assert table(kind) in (SERVICES / "shopkit/README.md").read_text()
