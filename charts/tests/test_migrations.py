"""Migration Jobs: named after their spec, with the owner's secret, apart from the service's pods."""

import re

import pytest

from charts.tests.helm import MESSENGERS, SERVICES, WITH_DATABASE, Helm, Object
from charts.tests.objects import named, of_kind


def job(helm: Helm, chart: str, values: Object | None = None) -> Object:
    """Return the one Job of a service chart."""
    (found,) = of_kind(helm.template(chart, values), "Job")
    return found


def secrets_of(container: Object) -> dict[str, tuple[str, str]]:
    """Return environment variable -> secret and key."""
    references = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container["env"]}
    return {name: (reference["name"], reference["key"]) for name, reference in references.items()}


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_job(helm: Helm, service: str) -> None:
    found = job(helm, service)
    assert re.fullmatch(rf"demo-{service}-migrate-[0-9a-f]{{8}}", found["metadata"]["name"])
    pod = found["spec"]["template"]
    assert pod["metadata"]["labels"]["app.kubernetes.io/name"] == f"{service}-migrate"
    assert pod["spec"]["restartPolicy"] == "Never"
    (container,) = pod["spec"]["containers"]
    assert container["command"] == ["python", "-m", "shopkit", "migrate", service]
    admin = {"ADMIN_EMAIL": ("demo-admin", "email"), "ADMIN_PASSWORD": ("demo-admin", "password")}
    assert secrets_of(container) == {
        "DATABASE_URL": (f"demo-{service}-db-owner", "uri"),
        "DATABASE_RUNTIME_ROLE": (f"demo-{service}-db", "username"),
        **(admin if service == "users" else {}),
    }


@pytest.mark.parametrize("service", SERVICES)
def test_service_has_the_runtime_role_and_its_own_secrets_only(helm: Helm, service: str) -> None:
    shared = {
        "users": ("JWT_SIGNING_KEY", ("demo-jwt", "signing-key.pem")),
        "storefront": ("SESSION_KEY", ("demo-storefront", "session-key")),
    }
    internal = ("INTERNAL_TOKEN", ("demo-internal", "token"))
    shared |= dict.fromkeys(("inventory", "orders", "payments"), internal)
    (container,) = named(helm.template(service), "Deployment", f"demo-{service}")["spec"]["template"]["spec"][
        "containers"
    ]
    own = dict([shared[service]] if service in shared else [])
    if service in WITH_DATABASE:
        own["DATABASE_URL"] = (f"demo-{service}-db", "uri")
    if service in MESSENGERS:
        own["AMQP_URL"] = (f"demo-{service}-amqp", "uri")
    assert secrets_of(container) == own


@pytest.mark.parametrize(
    "values",
    [
        {"image": {"tag": "2.0.0"}},
        {"global": {"imageTag": "2.0.0"}},
        {"image": {"digest": "sha256:" + "0" * 64}},
        {"database": {"ownerSecretName": "other"}},
        {"nodeSelector": {"disk": "ssd"}},
        {"migration": {"resources": {"limits": {"memory": "1Gi"}}}},
    ],
)
def test_another_spec_is_another_job(helm: Helm, values: Object) -> None:
    assert job(helm, "orders", values)["metadata"]["name"] != job(helm, "orders")["metadata"]["name"]


@pytest.mark.parametrize(
    "values",
    [
        {"replicas": 5},
        {"autoscaling": {"enabled": True}},
        {"env": {"LOG_LEVEL": "DEBUG"}},
        {"resources": {"limits": {"memory": "1Gi"}}},
        {"server": {"kind": "gunicorn"}},
    ],
)
def test_what_does_not_concern_the_database_migrates_nothing(helm: Helm, values: Object) -> None:
    assert job(helm, "orders", values) == job(helm, "orders")


def test_storefront_has_nothing_to_migrate(helm: Helm) -> None:
    assert of_kind(helm.template("storefront"), "Job") == []


def test_secret_of_another_broker(helm: Helm) -> None:
    objects = helm.template("users", {"messaging": {"secretName": "cloud-broker"}})
    (container,) = named(objects, "Deployment", "demo-users")["spec"]["template"]["spec"]["containers"]
    assert secrets_of(container)["AMQP_URL"] == ("cloud-broker", "uri")


def test_secrets_of_another_database(helm: Helm) -> None:
    values = {"database": {"secretName": "rds", "ownerSecretName": "rds-owner"}}
    objects = helm.template("orders", values)
    (migration,) = job(helm, "orders", values)["spec"]["template"]["spec"]["containers"]
    (service,) = named(objects, "Deployment", "demo-orders")["spec"]["template"]["spec"]["containers"]
    assert secrets_of(migration)["DATABASE_URL"] == ("rds-owner", "uri")
    assert secrets_of(migration)["DATABASE_RUNTIME_ROLE"] == ("rds", "username")
    assert secrets_of(service)["DATABASE_URL"] == ("rds", "uri")
