"""The operator killed after each single write: it ends in the same state, with nothing doubled and nothing lost."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from shopkeeper_operator.kinds import Ref

from .support.fake_api import Killed
from .support.ownership import Object
from .support.scenes import stranger
from .support.world import World

Scenario = Callable[[World], None]
#: What differs between two clusters that are in the same state.
VOLATILE = ("uid", "resourceVersion", "generation", "managedFields", "creationTimestamp", "ownerReferences")

#: The name of a migration Job ends in a hash, into which digests of secrets go.
MIGRATION = re.compile("-migrate-[0-9a-f]{8}")
#: Secrets of which something is written anew.
RENEWED = ("demo-rabbitmq", "demo-tls")


def create(world: World) -> None:
    """Create a Shop."""
    world.apply()


def upgrade(world: World) -> None:
    """Change a Shop's release and hand one service to an autoscaler."""
    world.apply(services={"users": {"replicas": 2}})
    world.run()
    world.apply(release="2.0.0", services={"users": {"autoscaling": {"maxReplicas": 3}}})


def renew(world: World) -> None:
    """Let certificates grow old and an account at the broker get lost, and load a catalogue."""
    stranger(world, "ConfigMap", "products", data={"products.csv": "sku"})
    world.apply()
    world.run()
    world.now += timedelta(days=61)
    world.api.remove(world.ref("Secret", "demo-orders-amqp"))
    world.apply(catalog={"configMap": "products"}, messaging={"replicas": 3, "storage": {"size": "2Gi"}})


def fall_asleep(world: World) -> None:
    """Put a Shop to sleep of which one service scales."""
    world.apply(services={"users": {"autoscaling": {"minReplicas": 2, "maxReplicas": 3}}})
    world.run()
    world.apply(mode="Asleep", services={"users": {"autoscaling": {"minReplicas": 2, "maxReplicas": 3}}})


def wake(world: World) -> None:
    """Wake a Shop, at another release."""
    fall_asleep(world)
    world.run()
    world.apply(release="2.0.0", services={"users": {"autoscaling": {"minReplicas": 2, "maxReplicas": 3}}})


def retain(world: World) -> None:
    """Delete a Shop but not its data."""
    world.apply()
    world.run()
    world.delete()


def discard(world: World) -> None:
    """Delete a Shop with its data."""
    world.apply(deletionPolicy="Delete")
    world.run()
    world.delete()


SCENARIOS = (create, upgrade, renew, fall_asleep, wake, retain, discard)


def state(world: World) -> dict[Ref, Object]:
    """Return what matters of all objects: not when and how often they were written, nor what is random in them."""
    made = {}
    for ref, body in world.api.objects.items():
        if ref.kind == "Event":
            continue
        kept = json.loads(MIGRATION.sub("-migrate-*", json.dumps(body)))
        for name in VOLATILE:
            kept["metadata"].pop(name, None)
        if ref.kind == "Secret":
            kept["data"] = sorted(kept["data"])
        if ref.kind in ("Deployment", "StatefulSet", "Job"):
            kept["spec"]["template"]["metadata"]["annotations"] = {}
        kept["metadata"].pop("annotations", None)
        for condition in kept.get("status", {}).get("conditions", []):
            condition.pop("lastTransitionTime", None)
        kept.get("status", {}).pop("observedGeneration", None)
        made[ref._replace(name=MIGRATION.sub("-migrate-*", ref.name))] = kept
    return made


def databases(world: World) -> list[tuple[list[str], list[str]]]:
    """Return the names of databases and roles on every server."""
    return [(sorted(server.databases), sorted(server.roles)) for server in world.servers.servers.values()]


def finished(begun: World, kill_after: int | None) -> tuple[World, bool]:
    """Play what has begun to its end; tell whether the operator was killed on the way."""
    world = World(begun)
    secrets = {name: body["data"] for name, body in world.api.of("Secret").items()}
    world.api.kill_after = kill_after
    killed = False
    try:
        world.run()
    except Killed:
        killed = True
        secrets |= {name: body["data"] for name, body in world.api.of("Secret").items()}
        world.start()
        world.run()
    left = world.api.of("Secret")
    assert all(left[name]["data"] == data for name, data in secrets.items() if name in left and name not in RENEWED)
    return world, killed


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_killed_after_every_write(scenario: Scenario) -> None:
    begun = World()
    scenario(begun)
    unharmed, _ = finished(begun, None)
    expected = state(unharmed)
    for write in range(1, len(unharmed.api.writes) + 1):
        world, killed = finished(begun, write)
        assert killed
        assert state(world) == expected, f"killed after write {write}: {unharmed.api.writes[write - 1]}"
        assert databases(world) == databases(unharmed)
