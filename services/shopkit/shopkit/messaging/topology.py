"""What the broker has to have before any service: exchanges, queues, bindings and policies, made from declarations.

What may change with a release is in policies, because the arguments of a queue never change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shopkit.service import Service

EXCHANGE = "shop.events"
VHOST = "/"
RETRY_SECONDS = (5, 30, 300)
"""Pauses before further attempts at an event whose handler failed; after the last it is a dead letter."""
# How often the broker hands out an event whose consumer dies with it.
_DELIVERIES = 20
# The broker forgets a message only when its next queue has it, which it does only for queues that refuse when full.
_SAFELY = {"dead-letter-strategy": "at-least-once", "overflow": "reject-publish"}

Definitions = dict[str, list[dict[str, Any]]]


class TopologyError(Exception):
    """The declarations of the services do not fit together; the message says which."""


def events_queue(consumer: str) -> str:
    """Return the name of the queue of events."""
    return f"{consumer}.events"


def dead_queue(consumer: str) -> str:
    """Return the name of the queue of dead letters."""
    return f"{consumer}.dead"


def requeue_exchange(consumer: str) -> str:
    """Return the name of the exchange by which a consumer moves events between its own queues; see `routes`."""
    return f"{consumer}.requeue"


def retry_key(attempt: int) -> str | None:
    """Return the routing key that has an event come again after its n-th failure (from 1); None: no more."""
    return f"retry.{RETRY_SECONDS[attempt - 1]}s" if attempt <= len(RETRY_SECONDS) else None


def routes(consumer: str) -> dict[str, str]:
    """Return the queues behind the exchange `requeue` by routing key."""
    retries = {f"retry.{seconds}s": f"{consumer}.retry.{seconds}s" for seconds in RETRY_SECONDS}
    return {"events": events_queue(consumer), "dead": dead_queue(consumer), **retries}


def definitions(services: Sequence[Service[Any]]) -> Definitions:
    """Return the definitions that the broker loads at its start.

    Raises:
        TopologyError: an event is consumed that none of the services publishes, or published by two.
    """
    check(services)
    made: Definitions = {"vhosts": [{"name": VHOST}], "exchanges": [_exchange(EXCHANGE, "topic")]}
    made |= {"queues": [], "bindings": [], "policies": []}
    for service in sorted(services, key=lambda service: service.name):
        if service.consumes is not None:
            _add_consumer(made, service.name, service.consumes.keys)
    return made


def check(services: Sequence[Service[Any]]) -> None:
    """Compare what is consumed with what is published. Raises TopologyError."""
    publishers: dict[str, str] = {}
    for service in services:
        for event in service.publishes:
            name = event.type_name()
            if name in publishers:
                raise TopologyError(f"{publishers[name]} and {service.name} both publish {name}")
            publishers[name] = service.name
    for service in services:
        for name in service.consumes.reactions if service.consumes is not None else ():
            if name not in publishers:
                raise TopologyError(f"{service.name} consumes {name}, which no service publishes")


def _add_consumer(made: Definitions, consumer: str, keys: Sequence[str]) -> None:
    requeue = requeue_exchange(consumer)
    back = {"dead-letter-exchange": requeue, **_SAFELY}
    rules: dict[str, dict[str, Any]] = {
        events_queue(consumer): {"delivery-limit": _DELIVERIES, "dead-letter-routing-key": "dead", **back},
        # Looking at dead letters counts as a delivery, and must not wear them out.
        dead_queue(consumer): {"delivery-limit": -1},
    }
    for seconds in RETRY_SECONDS:
        rules[f"{consumer}.retry.{seconds}s"] = {
            "message-ttl": seconds * 1000,
            "dead-letter-routing-key": "events",
            **back,
        }
    made["exchanges"].append(_exchange(requeue, "direct"))
    made["queues"] += [_queue(name) for name in rules]
    made["policies"] += [_policy(name, rule) for name, rule in rules.items()]
    made["bindings"] += [_binding(EXCHANGE, key, events_queue(consumer)) for key in keys]
    made["bindings"] += [_binding(requeue, key, queue) for key, queue in routes(consumer).items()]


def _exchange(name: str, kind: str) -> dict[str, Any]:
    fixed = {"durable": True, "auto_delete": False, "internal": False, "arguments": {}}
    return {"name": name, "vhost": VHOST, "type": kind, **fixed}


def _queue(name: str) -> dict[str, Any]:
    fixed = {"durable": True, "auto_delete": False, "arguments": {"x-queue-type": "quorum"}}
    return {"name": name, "vhost": VHOST, **fixed}


def _policy(queue: str, rule: dict[str, Any]) -> dict[str, Any]:
    pattern = "^" + queue.replace(".", r"\.") + "$"
    fixed = {"apply-to": "quorum_queues", "priority": 0}
    return {"name": queue, "vhost": VHOST, "pattern": pattern, "definition": rule, **fixed}


def _binding(source: str, key: str, queue: str) -> dict[str, Any]:
    fixed = {"destination_type": "queue", "arguments": {}}
    return {"source": source, "vhost": VHOST, "destination": queue, "routing_key": key, **fixed}
