"""A Shop on a database server of its owner: the operator makes databases and roles there, and drops them when asked."""

from collections.abc import Callable

import pytest

from e2e.support.kubectl import Kubectl, Object
from e2e.support.shop import WITH_DATABASE, Shop
from e2e.support.waiting import eventually

pytestmark = pytest.mark.e2e

PASSWORD = "a-password-of-the-owner"


def server(image: str, namespace: str) -> tuple[Object, ...]:
    """Return a PostgreSQL server that knows nothing of Shops, and the secret with its administrator's URL."""
    container = {
        "name": "postgres",
        "image": image,
        "env": [{"name": "POSTGRES_PASSWORD_FILE", "value": "/secret/password"}],
        "ports": [{"containerPort": 5432}],
        "readinessProbe": {"exec": {"command": ["pg_isready", "-h", "127.0.0.1"]}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "secret", "mountPath": "/secret"},
            {"name": "data", "mountPath": "/var/lib/postgresql/data"},
        ],
    }
    pod = {
        "securityContext": {"runAsNonRoot": True, "fsGroup": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [
            {"name": "secret", "secret": {"secretName": "external"}},
            {"name": "data", "emptyDir": {}},
        ],
    }
    metadata = {"name": "external", "labels": {"app": "external"}}
    uri = f"postgresql://postgres:{PASSWORD}@external.{namespace}.svc:5432/postgres"
    return (
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"password": PASSWORD, "uri": uri}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {"selector": {"app": "external"}, "ports": [{"port": 5432}]},
        },
    )


def databases(kubectl: Kubectl) -> list[str]:
    """Return the databases and roles that are not PostgreSQL's own."""
    query = (
        "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' "
        "UNION ALL SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|postgres$)' ORDER BY 1"
    )
    return kubectl("exec", "external", "--", "psql", "-U", "postgres", "-Atc", query).split()


def test_shop_on_an_external_server(operator: Kubectl, namespace: Kubectl, make_shop: Callable[[str], Shop]) -> None:
    deployment = operator.list("deployments", "app.kubernetes.io/name=shop-operator")[0]
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].replace("/operator:", "/postgres:")
    namespace.apply(*server(image, namespace.namespace))
    namespace("wait", "--for=condition=Ready", "pod/external", "--timeout=60s")
    shop = make_shop("guest")

    shop.apply(deletionPolicy="Delete", database={"mode": "External", "external": {"secretName": "external"}})
    shop.wait_ready()

    stateful = {item["metadata"]["name"] for item in shop.children("statefulsets,persistentvolumeclaims")}
    assert stateful == {"guest-rabbitmq", "data-guest-rabbitmq-0"}
    prefix = f"{namespace.namespace}_guest_".replace("-", "_")
    names = [prefix + service for service in WITH_DATABASE]
    assert databases(namespace) == sorted([*names, *names, *(f"{name}_owner" for name in names)])
    with shop.gateway() as anyone:
        product = shop.admin(anyone).offer("Teapot", price=100, stock=1)
        shopper = anyone.register()
        assert shopper.pay(shopper.order(product, 1).body["id"]).body["status"] == "confirmed"

    namespace("delete", "shop", "guest", "--timeout=120s", timeout=150)
    assert databases(namespace) == []
    eventually(lambda: not shop.children("secrets,deployments,services"), "Delete leaves nothing", 60)
    assert namespace.find("secret", "external") is not None
