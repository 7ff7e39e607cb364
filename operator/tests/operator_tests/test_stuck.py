"""What keeps a Shop from being ready: each state provoked, and the condition that names cause and fix."""

from datetime import timedelta
from typing import Any

import pytest
from shopkeeper_operator import naming
from shopkeeper_operator.apply.events import EVENT

from .support.ownership import Object
from .support.scenes import ready, stranger
from .support.world import World

CRASHED = {
    "name": "x",
    "image": "shopkeeper/orders:1",
    "restartCount": 4,
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}},
}
UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes are available: 1 Insufficient memory.",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


def waiting(reason: str, message: str = "", **more: Any) -> Object:
    """Return a status of a pod with a container that waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return {"phase": "Pending", "containerStatuses": [{"name": "x", "image": "r/orders:9", "state": state, **more}]}


def terminated(**last: Any) -> Object:
    """Return a status of a pod that crashes again and again."""
    return {"phase": "Running", "containerStatuses": [CRASHED | {"lastState": {"terminated": last}}]}


def without_pods(kind: str = "Deployment", part: str = "orders") -> World:
    """Return a world with a Shop one part of which has lost its pods a while ago, so that somebody asks."""
    world = ready()
    ref = world.ref(kind, f"demo-{part}")
    lost = {"observedGeneration": 99, "replicas": 0, "conditions": []}
    world.set_status(ref, lost)
    world.reconcile()
    world.now += timedelta(minutes=1)
    return world


def pod(world: World, part: str, status: Object, name: str = "") -> Object:
    """Put a pod into the world."""
    body = stranger(world, "Pod", name or f"demo-{part}-5f-x", status=status)
    body["metadata"]["labels"] = naming.labels("demo", part)
    return body


def told(world: World, kind: str = "Degraded") -> tuple[str, str]:
    """Reconcile, and return reason and message of a condition."""
    world.reconcile()
    found = world.condition(kind)
    return found["reason"], found["message"]


@pytest.mark.parametrize(
    ("status", "reason", "text"),
    [
        (waiting("ImagePullBackOff", "Back-off"), "ImageNotPulled", "orders: image r/orders:9"),
        (waiting("ErrImagePull"), "ImageNotPulled", "orders: image r/orders:9"),
        (
            waiting("CreateContainerConfigError", 'secret "demo-orders-amqp" not found'),
            "ConfigMissing",
            'orders: secret "demo-orders-amqp" not found',
        ),
        (terminated(exitCode=3), "ContainerCrashes", "orders: exit code 3. Last lines of its log: no | way"),
        (terminated(exitCode=137, reason="OOMKilled"), "OutOfMemory", "passed its memory limit"),
        ({"phase": "Pending", "conditions": [UNSCHEDULABLE]}, "PodUnschedulable", "1 Insufficient memory"),
    ],
)
def test_a_pod_that_does_not_run(status: Object, reason: str, text: str) -> None:
    world = without_pods()
    pod(world, "orders", status)
    world.api.logs["demo-orders-5f-x"] = "no\nway"

    found, message = told(world)

    assert found == reason
    assert text in message
    assert "To do: " in message
    world.api.writes.clear()
    world.now += timedelta(minutes=2)
    world.reconcile()
    assert world.api.writes == [], "the same state is told once"


@pytest.mark.parametrize(
    ("part", "condition"),
    [
        ("gateway", "GatewayReady"),
        ("postgres", "DatabaseReady"),
        ("rabbitmq", "MessagingReady"),
        ("users-migrate", "MigrationsApplied"),
        ("catalog", "CatalogLoaded"),
    ],
)
def test_the_condition_of_the_part_names_the_cause(part: str, condition: str) -> None:
    world = without_pods()
    pod(world, part, waiting("ImagePullBackOff"))

    assert told(world, condition)[0] == "ImageNotPulled"


@pytest.mark.parametrize(
    "status",
    [
        waiting("ContainerCreating"),
        waiting("PodInitializing"),
        terminated(exitCode=1) | {"phase": "Failed"},
        {"phase": "Running"},
        {"phase": "Pending", "conditions": [UNSCHEDULABLE | {"lastTransitionTime": "2026-01-01T00:59:00Z"}]},
    ],
)
def test_what_passes_by_itself_is_not_told(status: Object) -> None:
    world = without_pods()
    pod(world, "orders", status)

    world.reconcile()

    assert world.condition("Degraded")["status"] == "False"


def event(world: World, reason: str, regarding: str, note: str, at: str = "2026-01-01T00:00:00Z") -> None:
    """Put a warning of Kubernetes into the world."""
    name = f"event-{len(world.api.objects)}"
    content = {"reason": reason, "note": note, "regarding": {"name": regarding}, "deprecatedLastTimestamp": at}
    stranger(world, EVENT.name, name, **content)


QUOTA = 'Error creating: pods "{}" is forbidden: exceeded quota: small, used: pods={}, limited: pods=9'


@pytest.mark.parametrize(
    ("kind", "part", "regarding"),
    [("Deployment", "orders", "demo-orders-5f"), ("StatefulSet", "rabbitmq", "demo-rabbitmq")],
)
def test_pods_that_are_refused(kind: str, part: str, regarding: str) -> None:
    world = without_pods(kind, part)
    event(world, "FailedCreate", regarding, QUOTA.format("a", 8), "2026-01-01T00:00:01Z")
    event(world, "FailedCreate", regarding, QUOTA.format("b", 9), "2026-01-01T00:00:02Z")
    event(world, "FailedCreate", "other-shop-5f", QUOTA.format("c", 7))

    reason, message = told(world)

    assert reason == "PodsRefused"
    assert f"{part}: exceeded quota: small, used: pods=9, limited: pods=9" in message
    assert "pods=8" not in message
    assert "Raise the ResourceQuota" in message


def test_an_old_refusal_of_a_part_that_has_its_pods_is_not_told() -> None:
    world = without_pods()
    event(world, "FailedCreate", "demo-users-5f", QUOTA.format("a", 9))

    world.reconcile()

    assert world.condition("Degraded")["status"] == "False"


def test_a_volume_that_is_not_mounted() -> None:
    world = without_pods()
    pod(world, "orders", waiting("ContainerCreating"))
    event(world, "FailedMount", "demo-orders-5f-x", 'MountVolume.SetUp failed: configmap "demo-orders" not found')
    event(world, "FailedMount", "demo-orders-5f-gone", "of a pod that is gone")

    reason, message = told(world)

    assert reason == "VolumeNotMounted"
    assert 'configmap "demo-orders" not found' in message
    assert "of a pod that is gone" not in message


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, "the cluster has no default storage class"),
        ({"storageClassName": "fast"}, "storage class fast gives it none"),
    ],
)
def test_a_claim_without_volume(spec: Object, text: str) -> None:
    world = without_pods("StatefulSet", "rabbitmq")
    claim = world.ref("PersistentVolumeClaim", "data-demo-rabbitmq-0")
    world.api.edit(claim, lambda body: body["spec"].update(spec))
    world.set_status(claim, {"phase": "Pending"})

    reason, message = told(world, "MessagingReady")

    assert reason == "VolumePending"
    assert f"claim data-demo-rabbitmq-0 has no volume: {text}" in message


def test_a_claim_that_nobody_misses_is_not_told() -> None:
    world = ready()
    world.set_status(world.ref("PersistentVolumeClaim", "data-demo-rabbitmq-0"), {"phase": "Pending"})
    world.now += timedelta(minutes=5)

    world.reconcile()

    assert world.shop()["status"]["phase"] == "Ready"


def test_an_autoscaler_without_metrics() -> None:
    world = ready(services={"users": {"autoscaling": {"maxReplicas": 3}}})
    failing = {
        "type": "ScalingActive",
        "status": "False",
        "reason": "FailedGetResourceMetric",
        "lastTransitionTime": world.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    world.set_status(world.ref("HorizontalPodAutoscaler", "demo-users"), {"conditions": [failing]})
    world.reconcile()
    assert world.condition("Ready")["status"] == "True"

    world.now += timedelta(minutes=4)

    assert told(world)[0] == "MetricsMissing"


def test_a_shop_at_rest_asks_for_no_pods_and_one_in_trouble_now_and_then() -> None:
    world = ready()
    world.reconcile()
    assert world.api.reads == 0

    world = without_pods()
    world.api.reads = 0
    for _ in range(5):
        outcome = world.reconcile()
    assert world.api.reads == 3
    assert outcome.requeue_after == 15
