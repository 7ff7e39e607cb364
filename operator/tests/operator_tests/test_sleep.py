"""A shop is put to sleep and wakes: in order, from any state, without losing anything."""

from typing import Any

import pytest
from shopkeeper_operator import naming

from .support.scenes import ready
from .support.world import World

AUTOSCALED = {"users": {"autoscaling": {"minReplicas": 2, "maxReplicas": 5}}}


def pods(world: World) -> dict[str, int]:
    """Return how many pods each workload wants."""
    return {
        ref.name.removeprefix("demo-"): body["spec"]["replicas"]
        for ref, body in world.children().items()
        if ref.kind in ("Deployment", "StatefulSet")
    }


def order(world: World, *names: str) -> list[str]:
    """Return workloads in the order in which they were first written."""
    first = {name: next(i for i, write in enumerate(world.api.writes) if write.endswith(f" {name}")) for name in names}
    return sorted(names, key=lambda name: first[name])


def asleep(**spec: Any) -> World:
    """Return a world with a Shop that sleeps after having been ready."""
    world = ready(**spec)
    world.apply(mode="Asleep", **spec)
    world.run()
    return world


def test_everything_stops_in_order_and_the_data_stay() -> None:
    world = ready()
    data = {ref for ref in world.children() if ref.kind in ("Secret", "PersistentVolumeClaim")}
    jobs = set(world.api.of("Job"))

    world.apply(mode="Asleep")
    world.run()

    assert set(pods(world).values()) == {0}
    ways = order(world, "demo-gateway", "demo-orders", "demo-postgres")
    assert ways == ["demo-gateway", "demo-orders", "demo-postgres"]
    assert data <= world.children().keys()
    assert set(world.api.of("Job")) == jobs
    status = world.shop()["status"]
    assert (status["phase"], status["servicesReady"]) == ("Asleep", "0/8")
    found = {condition["type"]: (condition["status"], condition["reason"]) for condition in status["conditions"]}
    assert found["Ready"] == ("False", "Asleep")
    assert found["Progressing"] == ("False", "Asleep")
    assert found["Degraded"] == ("False", "AsExpected")
    assert found["DatabaseReady"] == ("Unknown", "Asleep")
    world.api.writes.clear()
    world.run()
    assert world.api.writes == []


def test_a_shop_wakes_as_it_was() -> None:
    world = ready()
    before, jobs = pods(world), set(world.api.of("Job"))
    world.apply(mode="Asleep")
    world.run()
    world.api.writes.clear()

    world.apply()
    world.run()

    assert pods(world) == before
    assert set(world.api.of("Job")) == jobs
    assert order(world, "demo-gateway", "demo-orders", "demo-postgres")[::-1] == [
        "demo-gateway",
        "demo-orders",
        "demo-postgres",
    ]
    assert world.shop()["status"]["phase"] == "Ready"


def test_services_wait_for_the_database_when_they_wake() -> None:
    world = asleep()

    world.apply()
    world.reconcile()

    assert pods(world)["postgres"] == 1
    assert pods(world)["orders"] == 0
    world.run()
    assert pods(world)["orders"] == 1


def test_an_autoscaler_goes_and_comes_back_to_work() -> None:
    world = asleep(services=AUTOSCALED)
    assert world.api.of("HorizontalPodAutoscaler") == {}
    assert pods(world)["users"] == 0

    world.apply(services=AUTOSCALED)
    world.run()

    assert "demo-users" in world.api.of("HorizontalPodAutoscaler")
    assert pods(world)["users"] == 2
    deployment = world.ref("Deployment", "demo-users")
    assert naming.FIELD_MANAGER not in world.api.owners(deployment, ("spec", "replicas"))
    assert world.shop()["status"]["phase"] == "Ready"


@pytest.mark.parametrize("passes", range(1, 8))
def test_a_shop_can_be_put_to_sleep_while_it_is_being_made(passes: int) -> None:
    world = World()
    world.apply()
    for _ in range(passes):
        world.reconcile()
        world.tick()

    world.apply(mode="Asleep")
    world.run()
    assert set(pods(world).values()) == {0}
    assert world.shop()["status"]["phase"] == "Asleep"

    world.apply()
    world.run()
    assert world.shop()["status"]["phase"] == "Ready"


def test_a_broken_shop_can_be_put_to_sleep() -> None:
    world = World()
    world.broken_images = {"shopkeeper/payments:1.0.0"}
    world.failing_jobs = {"shopkeeper/orders:1.0.0"}
    world.apply()
    world.run()

    world.broken_images.clear()
    world.apply(mode="Asleep")
    world.run()

    assert set(pods(world).values()) == {0}
    assert not [name for name in world.api.of("Job") if name.startswith("demo-orders")]
    assert world.shop()["status"]["phase"] == "Asleep"
    world.failing_jobs.clear()
    world.apply()
    world.run()
    assert world.shop()["status"]["phase"] == "Ready"


def test_a_shop_that_begins_asleep() -> None:
    world = World()
    world.apply(mode="Asleep")
    world.run()
    assert world.shop()["status"]["phase"] == "Asleep"
    assert world.api.of("Job") == {}

    world.apply()
    world.run()

    assert world.shop()["status"]["phase"] == "Ready"


def test_who_wakes_a_part_is_told_no() -> None:
    world = asleep()
    deployment = world.ref("Deployment", "demo-orders")
    world.api.edit(deployment, lambda body: body["spec"].update(replicas=3))

    world.run()

    assert pods(world)["orders"] == 0


def test_a_sleeping_shop_can_be_deleted() -> None:
    world = asleep(deletionPolicy="Delete")

    world.delete()
    world.run()

    assert world.children() == {}
