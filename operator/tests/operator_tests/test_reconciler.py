"""The whole operator but for kopf, on a cluster in memory: what a person does to a Shop and what comes of it."""

import base64
from typing import Any

from shopkeeper_operator import naming
from shopkeeper_operator.apply.client import ApiError
from shopkeeper_operator.kinds import Key

from .support.ownership import Object
from .support.world import World


def ready(**spec: Any) -> World:
    """Return a world with one Shop that is ready and at rest."""
    world = World()
    world.apply(**spec)
    world.run()
    assert world.shop()["status"]["phase"] == "Ready"
    world.api.writes.clear()
    world.api.reads = 0
    return world


def test_an_empty_spec_becomes_a_complete_shop() -> None:
    world = ready()

    status = world.shop()["status"]
    assert status["servicesReady"] == "5/5"
    assert status["release"] == "1.0.0"
    assert status["url"] == "http://demo-gateway.shops.svc"
    assert status["database"] == {"version": "17.11", "host": "demo-postgres"}
    assert [row["name"] for row in status["services"]] == list(naming.SERVICES)
    assert all(row["migration"].startswith(f"demo-{row['name']}-migrate-") for row in status["services"])
    assert {found["type"]: found["status"] for found in status["conditions"]} == {
        "Ready": "True",
        "Progressing": "False",
        "Degraded": "False",
        "DatabaseReady": "True",
        "MigrationsApplied": "True",
        "GatewayReady": "True",
        "Paused": "False",
    }
    assert world.events() == [("Normal", "Ready")]


def test_waves_come_in_order() -> None:
    world = World()
    world.apply()
    world.run()

    first: dict[str, int] = {}
    for position, write in enumerate(world.api.writes):
        first.setdefault(write.split()[1], position)
    order = ["Shop", "Secret", "Service", "StatefulSet", "Job", "Deployment"]
    assert sorted(order, key=lambda kind: first[kind]) == order
    gateway = world.api.writes.index("apply Deployment demo-gateway")
    assert all(gateway > world.api.writes.index(f"apply Deployment demo-{name}") for name in naming.SERVICES)


def test_what_runs_belongs_to_the_shop_and_data_does_not() -> None:
    world = ready()

    uid = world.shop()["metadata"]["uid"]
    for ref, body in world.children().items():
        owners = [owner["uid"] for owner in body["metadata"].get("ownerReferences", [])]
        assert owners == ([] if ref.kind in ("Secret", "PersistentVolumeClaim") else [uid]), ref


def test_a_shop_at_rest_costs_nothing() -> None:
    world = ready()

    for _ in range(3):
        world.reconcile()
        world.relist()

    assert world.api.writes == []


def test_a_restart_writes_nothing() -> None:
    world = ready()

    world.start()
    world.run()

    assert world.api.writes == []


def test_a_deleted_object_comes_back() -> None:
    world = ready()
    gone = world.ref("Service", "demo-orders")
    world.api.remove(gone)

    world.reconcile()

    assert gone in world.api.objects
    assert world.api.writes == ["apply Service demo-orders"]


def test_an_edited_field_of_ours_is_put_right() -> None:
    world = ready()
    ref = world.ref("Deployment", "demo-payments")
    world.api.edit(ref, lambda body: container(body).__setitem__("image", "example.com/evil:1"))

    world.reconcile()

    assert container(world.api.objects[ref])["image"] == "shopkeeper/payments:1.0.0"
    assert world.api.writes[0] == "apply Deployment demo-payments"


def container(deployment: Object) -> Object:
    """Return the one container of a Deployment."""
    found: Object = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


def test_fields_of_others_stay() -> None:
    world = ready()
    ref = world.ref("Deployment", "demo-users")

    def change(body: Object) -> None:
        body["metadata"]["annotations"]["example.com/team"] = "checkout"
        body["spec"]["progressDeadlineSeconds"] = 1234
        container(body)["env"] = [{"name": "TRACE", "value": "on"}]

    world.api.edit(ref, change)
    world.run()
    assert {write for write in world.api.writes if not write.startswith(("status", "create Event"))} == set()

    world.apply(release="2.0.0")
    world.run()

    body = world.api.objects[ref]
    assert container(body)["image"] == "shopkeeper/users:2.0.0"
    assert container(body)["env"] == [{"name": "TRACE", "value": "on"}]
    assert body["spec"]["progressDeadlineSeconds"] == 1234
    assert body["metadata"]["annotations"]["example.com/team"] == "checkout"


def test_a_change_the_server_makes_of_ours_is_written_once() -> None:
    world = ready()
    ref = world.ref("Service", "demo-users")

    def webhook(body: Object) -> None:
        if body["kind"] == "Service":
            body["spec"]["ports"][0]["name"] = "web"

    world.api.webhook = webhook
    world.api.edit(ref, lambda body: body["spec"]["ports"][0].__setitem__("name", "other"))
    world.reconcile()
    assert world.api.writes == ["apply Service demo-users"]

    world.reconcile()
    world.relist()
    world.reconcile()

    assert world.api.writes == ["apply Service demo-users"]


def test_a_field_that_the_chart_drops_is_removed() -> None:
    world = ready(services={"users": {"env": {}, "replicas": 2}})
    ref = world.ref("Deployment", "demo-users")
    assert world.api.objects[ref]["spec"]["replicas"] == 2

    world.apply(services={"users": {"replicas": 3}})
    world.run()

    assert world.api.objects[ref]["spec"]["replicas"] == 3


def test_the_autoscaler_gets_the_replicas_without_a_drop() -> None:
    world = ready(services={"products": {"replicas": 4}})
    ref = world.ref("Deployment", "demo-products")
    seen: list[int] = []
    world.api.watchers.append(
        lambda _event, kind, body: (
            seen.append(body["spec"]["replicas"])
            if (kind, body["metadata"]["name"]) == ("Deployment", "demo-products")
            else None
        )
    )

    world.apply(services={"products": {"autoscaling": {"minReplicas": 1, "maxReplicas": 9}}})
    world.run()

    assert set(seen) == {4}
    assert world.api.owners(ref, ("spec", "replicas")) == {naming.HANDOVER_MANAGER}
    assert "demo-products" in world.api.of("HorizontalPodAutoscaler")


def test_the_autoscaler_is_never_fought() -> None:
    world = ready(services={"products": {"autoscaling": {"maxReplicas": 9}}})
    ref = world.ref("Deployment", "demo-products")
    world.api.edit(ref, lambda body: body["spec"].__setitem__("replicas", 7), manager="hpa")

    world.run()
    world.apply(services={"products": {"autoscaling": {"maxReplicas": 8}}})
    world.run()

    assert world.api.objects[ref]["spec"]["replicas"] == 7


def test_without_autoscaling_the_replicas_are_ours_again() -> None:
    world = ready(services={"products": {"autoscaling": {"maxReplicas": 9}}})
    ref = world.ref("Deployment", "demo-products")
    world.api.edit(ref, lambda body: body["spec"].__setitem__("replicas", 7), manager="hpa")

    world.apply(services={"products": {"replicas": 2}})
    world.run()

    assert world.api.objects[ref]["spec"]["replicas"] == 2
    assert "demo-products" not in world.api.of("HorizontalPodAutoscaler")


def stranger(world: World, kind: str, name: str, **content: Any) -> Object:
    """Put an object of somebody else into the world."""
    metadata = {"name": name, "namespace": "shops", "uid": "x", "resourceVersion": "1", "generation": 1}
    body: Object = {"apiVersion": "v1", "kind": kind, "metadata": metadata, **content}
    world.api.objects[world.ref(kind, name)] = body
    return body


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
    assert len(world.api.of("Deployment")) == 6


def test_secrets_of_others_are_refused() -> None:
    world = World()
    stranger(world, "Secret", "demo-jwt", data={})
    world.apply()

    world.run()

    assert world.condition("Ready")["reason"] == "NotOurs"
    assert world.api.of("Deployment") == {}


def test_a_secret_that_is_handed_over_is_used_as_it_is() -> None:
    world = World()
    data = {key: base64.b64encode(key.encode()).decode() for key in ("email", "password")}
    secret = stranger(world, "Secret", "demo-admin", data=data)
    secret["metadata"]["labels"] = naming.labels("demo", "users")
    world.apply()

    world.run()

    assert world.shop()["status"]["phase"] == "Ready"
    assert world.api.of("Secret")["demo-admin"]["data"] == data


def test_a_lost_key_of_a_secret_is_told() -> None:
    world = ready()
    world.api.edit(world.ref("Secret", "demo-jwt"), lambda body: body.__setitem__("data", {}))

    world.run()

    ready_now = world.condition("Ready")
    assert (ready_now["status"], ready_now["reason"]) == ("False", "SecretInvalid")
    assert "Secret demo-jwt lacks the key signing-key.pem" in ready_now["message"]


def test_a_deleted_database_secret_is_made_anew_and_its_pods_restart() -> None:
    world = ready()
    ref = world.ref("Secret", "demo-orders-db")
    old = dict(world.api.objects[ref]["data"])
    annotations = world.api.of("Deployment")["demo-orders"]["spec"]["template"]["metadata"]["annotations"].copy()
    others = world.api.of("Deployment")["demo-users"]["spec"]["template"]["metadata"]["annotations"].copy()
    world.servers.steps.clear()
    world.api.remove(ref)

    world.run()

    assert world.api.objects[ref]["data"]["password"] != old["password"]
    assert world.servers.steps == ["orders: runtime password"]
    assert world.shop()["status"]["phase"] == "Ready"
    template = world.api.of("Deployment")["demo-orders"]["spec"]["template"]
    assert template["metadata"]["annotations"] != annotations
    template = world.api.of("Deployment")["demo-users"]["spec"]["template"]
    assert template["metadata"]["annotations"] == others


def test_paused_writes_nothing_but_status() -> None:
    world = ready()
    world.apply(paused=True)
    world.api.remove(world.ref("Service", "demo-users"))

    world.run()

    assert set(world.api.writes) == {"status Shop demo"}
    assert world.ref("Service", "demo-users") not in world.api.objects
    assert world.shop()["status"]["phase"] == "Paused"
    assert world.shop()["status"]["observedGeneration"] == 2

    world.apply()
    world.run()
    assert world.ref("Service", "demo-users") in world.api.objects
    assert world.shop()["status"]["phase"] == "Ready"


def test_an_invalid_shop_gets_a_condition_and_keeps_running() -> None:
    world = ready()
    before = world.children()

    world.apply(currency="Euro")
    world.run()

    degraded = world.condition("Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "InvalidSpec")
    assert 'spec.currency: currency "Euro" is not valid' in degraded["message"]
    assert world.shop()["status"]["servicesReady"] == "5/5"
    assert world.children() == before


def test_values_that_the_chart_refuses_are_told() -> None:
    world = ready()
    before = world.children()

    world.apply(release="unrenderable")
    world.run()

    assert world.condition("Ready")["reason"] == "RenderFailed"
    assert "imageTag is not to the chart's liking" in world.condition("Ready")["message"]
    assert world.children() == before


def test_a_new_release_migrates_before_it_rolls_out() -> None:
    world = ready()
    old = set(world.api.of("Job"))

    world.apply(release="2.0.0")
    world.run()

    writes = world.api.writes
    for service in naming.SERVICES:
        job = next(i for i, write in enumerate(writes) if write.startswith(f"apply Job demo-{service}-migrate"))
        assert job < writes.index(f"apply Deployment demo-{service}")
    assert old.isdisjoint(world.api.of("Job"))
    assert world.shop()["status"]["release"] == "2.0.0"
    assert world.shop()["status"]["phase"] == "Ready"


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
    assert world.shop()["status"]["servicesReady"] == "4/5"


def test_drift_is_repaired_while_another_part_is_broken() -> None:
    world = ready()
    world.broken_images = {"shopkeeper/payments:2.0.0"}
    world.apply(release="2.0.0")
    world.run()
    ref = world.ref("Deployment", "demo-gateway")
    world.api.edit(ref, lambda body: body["spec"].__setitem__("replicas", 0))

    world.reconcile()

    assert world.api.objects[ref]["spec"]["replicas"] == 1


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


def test_the_database_is_not_asked_at_every_event() -> None:
    world = ready()
    world.servers.questions = 0
    for name in naming.SERVICES:
        world.api.remove(world.ref("Service", f"demo-{name}"))
        world.reconcile()

    assert world.servers.questions == 0


def test_a_dropped_database_is_noticed_and_made_again() -> None:
    world = ready()
    (server,) = world.servers.servers.values()
    del server.databases["orders"]

    for _ in range(11):
        world.run()
        world.now = world.now.replace(minute=(world.now.minute + 1) % 60)

    assert "orders" in server.databases


def test_storage_grows_by_the_claim() -> None:
    world = ready()
    template = world.api.of("StatefulSet")["demo-postgres"]["spec"]["volumeClaimTemplates"]

    world.apply(database={"storage": {"size": "4Gi"}})
    world.run()

    claim = world.api.of("PersistentVolumeClaim")["data-demo-postgres-0"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "4Gi"
    assert world.api.of("StatefulSet")["demo-postgres"]["spec"]["volumeClaimTemplates"] == template


def test_storage_that_cannot_grow_is_told() -> None:
    world = ready()
    fixed = ApiError(403, "Forbidden", "only dynamically provisioned pvc can be resized")
    world.api.refuse = lambda _verb, ref: fixed if ref.kind == "PersistentVolumeClaim" else None

    world.apply(database={"storage": {"size": "4Gi"}})
    world.run()

    assert world.condition("DatabaseReady")["reason"] == "StorageNotResized"
    assert "allowVolumeExpansion" in world.condition("DatabaseReady")["message"]


def test_the_text_of_a_snapshot_shows_no_secret() -> None:
    world = ready()
    password = base64.b64decode(world.api.of("Secret")["demo-admin"]["data"]["password"]).decode()

    text = repr(world.cache.children(Key("shops", "demo")))

    assert "demo-admin" in text
    assert password not in text
    assert world.api.of("Secret")["demo-admin"]["data"]["password"] not in text
