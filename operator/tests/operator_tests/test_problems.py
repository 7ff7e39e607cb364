"""What goes wrong is told, with cause and fix, and holds up nothing else."""

import base64

from shopkeeper_operator.apply.client import ApiError

from .support.scenes import container, ready, stranger
from .support.world import World


def test_objects_of_others_are_refused() -> None:
    world = World()
    foreign = stranger(world, "Service", "demo-users", spec={"ports": [{"port": 1}]})
    world.apply()

    world.run()

    assert foreign["spec"] == {"ports": [{"port": 1}]}
    degraded = world.condition("Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "NotOurs")
    assert "Service demo-users exists and is not labelled as this Shop's" in degraded["message"]
    assert "app.kubernetes.io/managed-by=shopkeeper" in degraded["message"]
    assert len(world.api.of("Deployment")) == 9


def test_secrets_of_others_are_refused() -> None:
    world = World()
    stranger(world, "Secret", "demo-jwt", data={})
    world.apply()

    world.run()

    assert world.condition("Ready")["reason"] == "NotOurs"
    assert world.api.of("Deployment") == {}


def test_a_lost_key_of_a_secret_is_told() -> None:
    world = ready()
    world.api.edit(world.ref("Secret", "demo-jwt"), lambda body: body.__setitem__("data", {}))

    world.run()

    ready_now = world.condition("Ready")
    assert (ready_now["status"], ready_now["reason"]) == ("False", "SecretInvalid")
    assert "Secret demo-jwt lacks the key signing-key.pem" in ready_now["message"]


def test_an_invalid_shop_gets_a_condition_and_keeps_running() -> None:
    world = ready()
    before = world.children()

    world.apply(currency="Euro")
    world.run()

    degraded = world.condition("Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "InvalidSpec")
    assert 'spec.currency: currency "Euro" is not valid' in degraded["message"]
    assert world.shop()["status"]["servicesReady"] == "8/8"
    assert world.children() == before


def test_values_that_the_chart_refuses_are_told() -> None:
    world = ready()
    before = world.children()

    world.apply(release="unrenderable")
    world.run()

    assert world.condition("Ready")["reason"] == "RenderFailed"
    assert "imageTag is not to the chart's liking" in world.condition("Ready")["message"]
    assert world.children() == before


def test_a_failing_migration_leaves_the_release_that_runs() -> None:
    world = ready()
    world.failing_jobs = {"shopkeeper/orders:2.0.0"}
    password = base64.b64decode(world.api.of("Secret")["demo-orders-db-owner"]["data"]["password"]).decode()
    world.apply(release="2.0.0")
    world.reconcile()
    job = next(
        name for name in world.api.of("Job") if name.startswith("demo-orders-migrate") and job_is_new(world, name)
    )
    world.api.logs[job] = f"0002_totals.sql\nERROR: column is missing\npassword={password}"
    world.run()

    applied = world.condition("MigrationsApplied")
    assert (applied["status"], applied["reason"]) == ("False", "MigrationFailed")
    assert f"Job {job} has 1 failed attempt" in applied["message"]
    assert "0002_totals.sql | ERROR: column is missing | password=***" in applied["message"]
    assert world.shop()["status"]["phase"] == "Degraded"
    deployments = world.api.of("Deployment")
    assert container(deployments["demo-orders"])["image"] == "shopkeeper/orders:1.0.0"
    assert container(deployments["demo-users"])["image"] == "shopkeeper/users:2.0.0"
    assert ("Warning", "MigrationFailed") in world.events()

    world.apply(release="1.0.0")
    world.run()
    assert world.shop()["status"]["phase"] == "Ready"


def job_is_new(world: World, name: str) -> bool:
    """Tell whether a Job is of the second release."""
    return bool(container(world.api.of("Job")[name])["image"].endswith(":2.0.0"))


def test_a_broken_service_does_not_hold_up_the_others() -> None:
    world = World()
    world.broken_images = {"shopkeeper/payments:1.0.0"}
    world.apply()

    world.run()

    assert world.condition("Ready")["reason"] == "RolloutStuck"
    assert "payments" in world.condition("Ready")["message"]
    assert "demo-gateway" in world.api.of("Deployment")
    assert world.shop()["status"]["servicesReady"] == "7/8"


def test_a_refused_object_does_not_keep_the_others() -> None:
    world = World()
    quota = ApiError(403, "Forbidden", 'services "demo-users" is forbidden: exceeded quota: services, limited: 5')
    world.api.refuse = lambda verb, ref: quota if (verb, ref.name) == ("apply", "demo-users") else None
    world.apply()

    world.run()

    degraded = world.condition("Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "Forbidden")
    assert "exceeded quota" in degraded["message"]
    assert "demo-orders" in world.api.of("Service")

    world.api.refuse = lambda _verb, _ref: None
    world.run()
    assert world.shop()["status"]["phase"] == "Ready"


def test_a_conflict_passes_by_itself() -> None:
    world = World()
    errors = [ApiError(409, "Conflict", "again"), ApiError(0, "NoAnswer", "timeout"), ApiError(429, "", "slow down")]
    world.apply()
    world.api.refuse = lambda _verb, _ref: errors.pop() if errors else None

    world.run()

    assert world.shop()["status"]["phase"] == "Ready"
    assert world.events() == [("Normal", "Ready")]


def test_a_database_out_of_reach_is_told_after_a_minute() -> None:
    world = World()
    world.servers.refuse = "connection refused"
    world.apply()
    world.run()
    assert world.condition("DatabaseReady")["reason"] == "DatabaseConnecting"
    assert world.condition("Degraded")["status"] == "False"

    for _ in range(65):
        world.run(rounds=1)

    assert world.condition("Degraded")["reason"] == "DatabaseUnreachable"
    assert "connection refused" in world.condition("Degraded")["message"]
    assert world.reconcile().retry

    world.servers.refuse = ""
    world.run()
    assert world.shop()["status"]["phase"] == "Ready"


def test_storage_that_cannot_grow_is_told() -> None:
    world = ready()
    fixed = ApiError(403, "Forbidden", "only dynamically provisioned pvc can be resized")
    world.api.refuse = lambda _verb, ref: fixed if ref.kind == "PersistentVolumeClaim" else None

    world.apply(database={"storage": {"size": "4Gi"}})
    world.run()

    assert world.condition("DatabaseReady")["reason"] == "StorageNotResized"
    assert "allowVolumeExpansion" in world.condition("DatabaseReady")["message"]
