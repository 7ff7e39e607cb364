"""The broker: who may log in and do what, how many nodes there are, and what a missing one means."""

import base64
import hashlib
import json
from typing import Any

from shopkeeper_operator import naming, parts
from shopkeeper_operator.plan import broker

from .support.scenes import ready
from .support.world import World

PASSWORDS = {part.name: f"password of {part.name}" for part in parts.WITH_BROKER}
NAMES = ["notifications", "orders", "recommendations", "users"]


def secret(world: World, name: str) -> dict[str, str]:
    """Return the values of a secret."""
    data = world.api.of("Secret")[name]["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def users(world: World) -> dict[str, str]:
    """Return the stored hashes by account."""
    stored = json.loads(secret(world, "demo-rabbitmq")["users.json"])
    return {user["name"]: user["password_hash"] for user in stored["users"]}


def test_parts_are_the_services() -> None:
    assert tuple(part.name for part in parts.ALL) == naming.SERVICES
    assert sorted(PASSWORDS) == NAMES


def test_a_hash_is_salt_and_sha256_of_salt_and_password() -> None:
    made = json.loads(broker.definitions({"users": "secret"}, lambda count: b"salt"[:count]))

    (user,) = made["users"]
    stored = base64.b64decode(user["password_hash"])
    assert (stored[:4], stored[4:]) == (b"salt", hashlib.sha256(b"saltsecret").digest())
    assert user["hashing_algorithm"] == "rabbit_password_hashing_sha256"
    assert user["tags"] == []


def test_each_account_may_do_only_its_own() -> None:
    made = json.loads(broker.definitions(PASSWORDS, bytes))

    rights = {entry["user"]: (entry["configure"], entry["write"], entry["read"]) for entry in made["permissions"]}
    assert rights == {
        "users": ("", r"^shop\.events$", ""),
        "orders": ("", r"^shop\.events$", ""),
        "notifications": ("", r"^notifications\.requeue$", r"^notifications\.(events|dead|retry\..*)$"),
        "recommendations": ("", r"^recommendations\.requeue$", r"^recommendations\.(events|dead|retry\..*)$"),
    }
    assert {entry["vhost"] for entry in made["permissions"]} == {"/"}
    assert made["vhosts"] == [{"name": "/"}]


def test_definitions_are_current_until_a_password_or_a_right_changes() -> None:
    content = broker.definitions(PASSWORDS, bytes)
    more = json.loads(content)
    more["permissions"][0]["write"] = ".*"

    assert broker.is_current(content, PASSWORDS)
    assert not broker.is_current(content, PASSWORDS | {"users": "another"})
    assert not broker.is_current(json.dumps(more), PASSWORDS)
    for broken in ("", "[]", "{}", '{"users": [{"name": "users", "password_hash": 7}], "permissions": []}'):
        assert not broker.is_current(broken, PASSWORDS)


def test_the_accounts_of_a_shop_open_by_their_secrets() -> None:
    world = ready()

    assert sorted(users(world)) == NAMES
    for name, stored in users(world).items():
        values = secret(world, f"demo-{name}-amqp")
        salt = base64.b64decode(stored)[:4]
        expected = base64.b64encode(salt + hashlib.sha256(salt + values["password"].encode()).digest()).decode()
        assert stored == expected
        assert values["uri"] == f"amqp://{name}:{values['password']}@demo-rabbitmq:5672/%2F"
    assert len(secret(world, "demo-rabbitmq")["erlang-cookie"]) >= 32


def annotations(world: World, kind: str, name: str) -> Any:
    """Return the annotations of the pods of a workload."""
    return dict(world.api.of(kind)[name]["spec"]["template"]["metadata"]["annotations"])


def test_a_deleted_account_is_made_anew_and_told_to_broker_and_service() -> None:
    world = ready()
    before = secret(world, "demo-rabbitmq")
    pods = [("StatefulSet", "demo-rabbitmq"), ("Deployment", "demo-orders"), ("Deployment", "demo-users")]
    digests = [annotations(world, *pod) for pod in pods]

    world.api.remove(world.ref("Secret", "demo-orders-amqp"))
    world.run()

    after = secret(world, "demo-rabbitmq")
    assert after["erlang-cookie"] == before["erlang-cookie"]
    assert broker.is_current(
        after["users.json"], {name: secret(world, f"demo-{name}-amqp")["password"] for name in NAMES}
    )
    changed = [annotations(world, *pod) != digest for pod, digest in zip(pods, digests, strict=True)]
    assert changed == [True, True, False]
    assert world.shop()["status"]["phase"] == "Ready"


def test_a_broker_without_enough_nodes_is_told_and_the_shop_goes_on() -> None:
    world = ready(messaging={"replicas": 3})
    assert world.api.of("StatefulSet")["demo-rabbitmq"]["spec"]["replicas"] == 3
    lost = world.ref("StatefulSet", "demo-rabbitmq")
    world.set_status(lost, {"readyReplicas": 2})

    outcome = world.reconcile()
    assert world.condition("MessagingReady")["reason"] == "BrokerStarting"
    assert "2 of 3 pods ready" in world.condition("MessagingReady")["message"]
    assert outcome.requeue_after is not None
    assert outcome.requeue_after <= 300

    world.now = world.now.replace(hour=1)
    world.reconcile()
    assert world.condition("Degraded")["reason"] == "BrokerUnavailable"
    assert world.shop()["status"]["servicesReady"] == "8/8"


def test_volumes_of_the_broker_grow() -> None:
    world = ready(messaging={"replicas": 3})

    world.apply(messaging={"replicas": 3, "storage": {"size": "4Gi"}})
    world.run()

    claims = world.api.of("PersistentVolumeClaim")
    sizes = {name: body["spec"]["resources"]["requests"]["storage"] for name, body in claims.items()}
    assert sizes == {"data-demo-postgres-0": "2Gi"} | {f"data-demo-rabbitmq-{n}": "4Gi" for n in range(3)}
    assert world.shop()["status"]["phase"] == "Ready"
