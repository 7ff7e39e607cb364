"""Deleting a Shop: what goes, what stays, what a new one finds, and that no other Shop notices."""

import base64

from shopkeeper_operator import naming, parts
from shopkeeper_operator.apply.client import ApiError

from .support.world import World

ADMIN_URI = "postgresql://root:secret@db.example.com:6432/postgres?sslmode=require"


def external(world: World, **spec: object) -> None:
    """Create a Shop whose databases are on a server of somebody else."""
    world.api.objects[world.ref("Secret", "admin-dsn")] = {
        "metadata": {"name": "admin-dsn", "namespace": "shops", "uid": "x", "resourceVersion": "1"},
        "data": {"uri": base64.b64encode(ADMIN_URI.encode()).decode()},
    }
    world.apply("demo", database={"mode": "External", "external": {"secretName": "admin-dsn"}}, **spec)
    world.run()


def test_retain_keeps_data_and_nothing_else() -> None:
    world = World()
    world.apply()
    world.run()
    data = {ref: body["metadata"]["uid"] for ref, body in world.children().items() if ref.kind in DATA}

    world.delete()
    world.run()

    assert {ref: body["metadata"]["uid"] for ref, body in world.children().items()} == data
    assert world.ref("Shop", "demo") not in world.api.objects


DATA = ("Secret", "PersistentVolumeClaim")


def test_a_new_shop_finds_its_data() -> None:
    world = World()
    world.apply()
    world.run()
    world.delete()
    world.run()
    before = {ref: body["data"] for ref, body in world.children().items() if ref.kind == "Secret"}
    world.servers.steps.clear()

    world.apply()
    world.run()

    assert world.shop()["status"]["phase"] == "Ready"
    assert {ref: body["data"] for ref, body in world.children().items() if ref.kind == "Secret"} == before
    assert world.servers.steps == []


def test_delete_leaves_nothing() -> None:
    world = World()
    world.apply(deletionPolicy="Delete")
    world.run()

    world.delete()
    world.run()

    assert world.children() == {}
    assert world.api.of("Shop") == {}


def test_data_goes_after_what_uses_it() -> None:
    world = World()
    world.apply(deletionPolicy="Delete")
    world.run()
    world.api.writes.clear()

    world.delete()
    world.run()

    deleted = [write.split()[1] for write in world.api.writes if write.startswith("delete")]
    first_data = next(i for i, kind in enumerate(deleted) if kind in DATA)
    assert not {"Deployment", "StatefulSet", "Job"} & set(deleted[first_data:])


def test_another_shop_does_not_notice() -> None:
    world = World()
    world.apply("demo", deletionPolicy="Delete")
    world.apply("demo-two")
    world.run()
    assert world.shop("demo-two")["status"]["phase"] == "Ready"
    before = world.children("demo-two")

    world.delete("demo")
    world.run()

    assert world.children("demo-two") == before
    assert world.children("demo") == {}


def test_the_finalizer_comes_before_the_first_child() -> None:
    world = World()
    world.apply()

    world.run()

    assert world.api.writes[0] == "patch Shop demo"
    assert world.shop()["metadata"]["finalizers"] == [naming.FINALIZER]


def test_a_shop_without_our_finalizer_is_let_go() -> None:
    world = World()
    world.apply(paused=True)
    world.run()
    world.api.writes.clear()
    world.api.edit(world.ref("Shop", "demo"), lambda body: body["metadata"].__setitem__("finalizers", ["other/one"]))

    world.delete()
    world.run()

    assert world.api.writes == []


def test_a_paused_shop_can_be_deleted() -> None:
    world = World()
    world.apply()
    world.run()
    world.apply(paused=True)
    world.run()

    world.delete()
    world.run()

    assert world.api.of("Shop") == {}


def test_an_invalid_shop_can_be_deleted_and_keeps_its_data() -> None:
    world = World()
    world.apply(deletionPolicy="Delete")
    world.run()
    world.apply(deletionPolicy="Delete", currency="nonsense")

    world.delete()
    world.run()

    assert world.api.of("Shop") == {}
    assert {ref.kind for ref in world.children()} == set(DATA)


def test_an_external_database_gets_names_of_its_own() -> None:
    world = World()
    external(world)

    assert world.shop()["status"]["phase"] == "Ready"
    assert "demo-postgres" not in world.api.of("StatefulSet")
    (server,) = world.servers.servers.values()
    assert sorted(server.databases) == [f"shops_demo_{service}" for service in sorted(parts.WITH_DATABASE)]
    data = world.api.of("Secret")["demo-users-db"]["data"]
    secret = {key: base64.b64decode(value).decode() for key, value in data.items()}
    assert (secret["host"], secret["port"], secret["dbname"]) == ("db.example.com", "6432", "shops_demo_users")
    expected = f"postgresql://shops_demo_users:{secret['password']}@db.example.com:6432/shops_demo_users"
    assert secret["uri"] == f"{expected}?sslmode=require"


def test_external_databases_are_dropped_with_delete_and_kept_with_retain() -> None:
    for policy, left in (("Delete", 0), ("Retain", 7)):
        world = World()
        external(world, deletionPolicy=policy)
        (server,) = world.servers.servers.values()

        world.delete()
        world.run()

        assert world.api.of("Shop") == {}
        assert len(server.databases) == left
        assert len(server.roles) == 2 * left


def test_databases_of_others_on_the_server_are_refused_and_never_dropped() -> None:
    world = World()
    external(world, deletionPolicy="Delete")
    (server,) = world.servers.servers.values()
    server.roles["shops_demo_orders_owner"].marker = "somebody else's"

    world.now = world.now.replace(hour=1)
    world.run()
    assert world.condition("DatabaseReady")["reason"] == "DatabaseNotOurs"
    world.delete()
    world.run()

    assert list(server.databases) == ["shops_demo_orders"]
    assert world.api.of("Shop") == {}


def test_a_server_out_of_reach_holds_the_shop_until_its_data_may_stay() -> None:
    world = World()
    external(world, deletionPolicy="Delete")
    world.servers.refuse = "no route to host"

    world.delete()
    world.run()
    assert world.shop()["status"]["phase"] == "Deleting"
    assert world.condition("Degraded")["reason"] == "DropFailed"
    assert "set deletionPolicy to Retain" in world.condition("Degraded")["message"]
    assert world.reconcile().retry

    world.api.edit(world.ref("Shop", "demo"), lambda body: body["spec"].__setitem__("deletionPolicy", "Retain"))
    world.run()
    assert world.api.of("Shop") == {}


def test_without_the_administrators_secret_the_shop_goes_all_the_same() -> None:
    world = World()
    external(world, deletionPolicy="Delete")
    world.api.remove(world.ref("Secret", "admin-dsn"))
    world.now = world.now.replace(hour=1)

    world.delete()
    world.run()

    assert world.api.of("Shop") == {}
    assert world.children() == {}


def test_a_missing_administrators_secret_is_told() -> None:
    world = World()
    world.apply(database={"mode": "External", "external": {"secretName": "nowhere"}})

    world.run()

    assert world.condition("DatabaseReady")["reason"] == "DatabaseSecretInvalid"
    assert "Secret nowhere does not exist" in world.condition("DatabaseReady")["message"]
    assert world.children() == {}


def test_a_namespace_that_goes_is_not_held() -> None:
    world = World()
    world.apply(deletionPolicy="Delete")
    world.run()
    gone = ApiError(403, "Forbidden", "unable to create new content in namespace shops because it is being terminated")
    world.api.refuse = lambda verb, ref: gone if verb == "create" or ref not in world.api.objects else None

    for ref in list(world.children()):
        if ref in world.api.objects:
            world.api.remove(ref)
    world.delete()
    world.run()

    assert world.api.of("Shop") == {}
    assert world.children() == {}
