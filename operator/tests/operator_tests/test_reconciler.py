"""The life of a Shop, on a cluster in memory: the whole operator but for kopf."""

import base64

from shopkeeper_operator import naming, parts
from shopkeeper_operator.kinds import Key

from .support.scenes import ready, stranger
from .support.world import World


def test_an_empty_spec_becomes_a_complete_shop() -> None:
    world = ready()

    status = world.shop()["status"]
    assert status["servicesReady"] == "8/8"
    assert status["release"] == "1.0.0"
    assert status["url"] == "http://demo-gateway.shops.svc"
    assert status["database"] == {"version": "17.11", "host": "demo-postgres"}
    assert [row["name"] for row in status["services"]] == list(naming.SERVICES)
    migrated = {
        row["name"] for row in status["services"] if row["migration"].startswith(f"demo-{row['name']}-migrate-")
    }
    assert migrated == set(naming.SERVICES) - {"storefront"}
    assert {found["type"]: found["status"] for found in status["conditions"]} == {
        "Ready": "True",
        "Progressing": "False",
        "Degraded": "False",
        "DatabaseReady": "True",
        "MessagingReady": "True",
        "MigrationsApplied": "True",
        "CatalogLoaded": "True",
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
    order = ["Shop", "Secret", "Service", "StatefulSet", "Job"]
    assert sorted(order, key=lambda kind: first[kind]) == order
    gateway = world.api.writes.index("apply Deployment demo-gateway")
    for name in naming.SERVICES:
        service = world.api.writes.index(f"apply Deployment demo-{name}")
        assert service < gateway
        assert name not in parts.WITH_DATABASE or first["Job"] < service


def test_what_runs_belongs_to_the_shop_and_data_does_not() -> None:
    world = ready()

    uid = world.shop()["metadata"]["uid"]
    for ref, body in world.children().items():
        owners = [owner["uid"] for owner in body["metadata"].get("ownerReferences", [])]
        assert owners == ([] if ref.kind in ("Secret", "PersistentVolumeClaim") else [uid]), ref


def test_a_secret_that_is_handed_over_is_used_as_it_is() -> None:
    world = World()
    data = {key: base64.b64encode(key.encode()).decode() for key in ("email", "password")}
    secret = stranger(world, "Secret", "demo-admin", data=data)
    secret["metadata"]["labels"] = naming.labels("demo", "users")
    world.apply()

    world.run()

    assert world.shop()["status"]["phase"] == "Ready"
    assert world.api.of("Secret")["demo-admin"]["data"] == data


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


def test_a_new_release_migrates_before_it_rolls_out() -> None:
    world = ready()
    old = set(world.api.of("Job"))

    world.apply(release="2.0.0")
    world.run()

    writes = world.api.writes
    for service in parts.WITH_DATABASE:
        job = next(i for i, write in enumerate(writes) if write.startswith(f"apply Job demo-{service}-migrate"))
        assert job < writes.index(f"apply Deployment demo-{service}")
    assert old.isdisjoint(world.api.of("Job"))
    assert world.shop()["status"]["release"] == "2.0.0"
    assert world.shop()["status"]["phase"] == "Ready"


def test_another_password_of_the_administrator_runs_the_migration_again() -> None:
    world = ready()
    old = {name for name in world.api.of("Job") if name.startswith("demo-users-migrate")}
    password = base64.b64encode(b"a new password").decode()
    world.api.edit(world.ref("Secret", "demo-admin"), lambda body: body["data"].update(password=password))

    world.run()

    new = {name for name in world.api.of("Job") if name.startswith("demo-users-migrate")}
    assert new.isdisjoint(old)
    assert [write for write in world.api.writes if "Deployment" in write] == ["apply Deployment demo-users"]
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


def test_the_text_of_a_snapshot_shows_no_secret() -> None:
    world = ready()
    password = base64.b64decode(world.api.of("Secret")["demo-admin"]["data"]["password"]).decode()

    text = repr(world.cache.children(Key("shops", "demo")))

    assert "demo-admin" in text
    assert password not in text
    assert world.api.of("Secret")["demo-admin"]["data"]["password"] not in text
