"""A paused Shop tells what it would change, and changes nothing."""

from typing import Any

from shopkeeper_operator.api.status import Status

from .support.scenes import ready
from .support.world import World


def previewed(world: World, **spec: Any) -> dict[str, Any]:
    """Pause a Shop with another spec, and return the plan in its status."""
    before = world.children()
    world.apply(paused=True, **spec)
    world.run()
    assert world.children() == before
    status = world.shop()["status"]
    Status.model_validate(status)
    plan: dict[str, Any] = status["plan"]
    return plan


def test_a_shop_at_rest_has_nothing_to_change() -> None:
    assert previewed(ready()) == {"count": 0, "changes": [], "restarts": []}


def test_another_release_is_told_whole_before_it_comes() -> None:
    world = ready()

    plan = previewed(world, release="2.0.0")

    assert {"demo-users", "demo-storefront", "demo-gateway", "demo-postgres", "demo-rabbitmq"} <= set(plan["restarts"])
    assert "change Deployment demo-gateway" in plan["changes"]
    assert any(change.startswith("create Job demo-orders-migrate-") for change in plan["changes"])
    assert plan["count"] == len(plan["changes"])


def test_more_replicas_restart_nothing() -> None:
    plan = previewed(ready(), services={"orders": {"replicas": 3}})

    assert plan == {"count": 1, "changes": ["change Deployment demo-orders"], "restarts": []}


def test_drift_is_told_as_repair() -> None:
    world = ready()
    service = world.ref("Service", "demo-users")
    world.api.edit(service, lambda body: body["spec"].update(selector={"a": "b"}))

    assert previewed(world)["changes"] == ["repair Service demo-users"]


def test_what_would_go_is_told() -> None:
    world = ready(services={"users": {"autoscaling": {"maxReplicas": 3}}})

    changes = previewed(world, services={"users": {"replicas": 1}})["changes"]

    assert "delete HorizontalPodAutoscaler demo-users" in changes


def test_sleep_is_told_whole() -> None:
    plan = previewed(ready(), mode="Asleep")

    assert plan["count"] == 11
    assert plan["restarts"] == []
    assert plan["changes"][0] == "change StatefulSet demo-postgres"


def test_a_new_shop_tells_what_it_begins_with() -> None:
    world = World()
    plan = previewed(world)

    assert "create Secret demo-postgres" in plan["changes"]


def test_the_plan_goes_when_the_shop_goes_on() -> None:
    world = ready()
    previewed(world, release="2.0.0")

    world.apply(release="2.0.0")
    world.run()

    assert "plan" not in world.shop()["status"]
    assert world.shop()["status"]["phase"] == "Ready"
