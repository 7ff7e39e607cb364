"""Environment: what charts give to programs is what these read, and all that they must have."""

import re

import pytest

from charts.tests.helm import CHARTS, SERVICES, WITH_DATABASE, Helm, Object
from charts.tests.objects import named, of_kind

FOLDER = CHARTS.parent / "services"
ROW = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \| (required|`.*?`) \|", re.MULTILINE)
# The same for all services, whether they deal with tokens and prices or not.
COMMON = {"JWT_ISSUER", "CURRENCY"}
ALL: Object = {
    "global": {"tracing": {"endpoint": "http://collector:4318", "samplePercent": 25}},
    "catalog": {"configMap": "demo-catalog"},
}


def tables_of(service: str) -> list[dict[str, bool]]:
    """Return the tables of settings in a service's README, made from its code: name -> whether it must be set."""
    texts = (FOLDER / service / "README.md").read_text().split("\n\n")
    tables = [{name: default == "required" for name, default in ROW.findall(text)} for text in texts]
    return [table for table in tables if table]


def settings_of(service: str, program: str = "HTTP_PORT") -> dict[str, bool]:
    """Return the settings of the program that has a certain one; by default of the service itself."""
    (found,) = (table for table in tables_of(service) if program in table)
    return found


def given(objects: list[Object], pod: Object) -> set[str]:
    """Return the names of all environment of a pod's only container."""
    (container,) = pod["spec"]["containers"]
    maps = [one["configMapRef"]["name"] for one in container.get("envFrom", [])]
    names = {name for one in maps for name in named(objects, "ConfigMap", one)["data"]}
    return names | {one["name"] for one in container["env"]}


def values_of(service: str) -> Object:
    """Return values that set all that this service's chart can set."""
    return ALL if service == "products" else {"global": ALL["global"]}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_what_it_reads(helm: Helm, service: str) -> None:
    objects = helm.template(service, values_of(service))
    names = given(objects, named(objects, "Deployment", f"demo-{service}")["spec"]["template"])
    declared = settings_of(service)
    assert {name for name, required in declared.items() if required} - names == set()
    assert names - declared.keys() - COMMON == set()
    assert names & {"ADMIN_EMAIL", "ADMIN_PASSWORD"} == set()
    assert named(objects, "ConfigMap", f"demo-{service}")["data"]["OTEL_TRACES_SAMPLER_ARG"] == "0.25"


@pytest.mark.parametrize("service", WITH_DATABASE)
def test_a_migration_gets_what_it_reads(helm: Helm, service: str) -> None:
    objects = helm.template(service, {"global": ALL["global"]})
    (job,) = of_kind(objects, "Job")
    names = given(objects, job["spec"]["template"])
    known = {name for table in tables_of(service) for name in table}
    assert names - known - COMMON == {"DATABASE_RUNTIME_ROLE"}
    assert "DATABASE_URL" in names


def test_the_catalogue_is_loaded_with_what_the_loader_reads(helm: Helm) -> None:
    objects = helm.template("products", ALL)
    (job,) = (one for one in of_kind(objects, "Job") if one["metadata"]["name"].startswith("demo-catalog-"))
    pod = job["spec"]["template"]
    assert given(objects, pod) - COMMON == settings_of("products", "CATALOG_DIR").keys()
    (container,) = pod["spec"]["containers"]
    assert container["command"] == ["python", "-m", "products.catalog"]
    folder = {one["name"]: one["value"] for one in container["env"] if "value" in one}["CATALOG_DIR"]
    assert {"name": "catalog", "mountPath": folder, "readOnly": True} in container["volumeMounts"]
    (volume,) = (one for one in pod["spec"]["volumes"] if one["name"] == "catalog")
    assert volume["configMap"]["name"] == "demo-catalog"


def test_another_catalogue_is_another_job(helm: Helm) -> None:
    def name(**catalog: str) -> str:
        jobs = of_kind(helm.template("products", {"catalog": {"configMap": "demo-catalog", **catalog}}), "Job")
        return str(next(one["metadata"]["name"] for one in jobs if "migrate" not in one["metadata"]["name"]))

    assert name() == name()
    assert len({name(), name(checksum="1"), name(checksum="2"), name(configMap="other")}) == 4


@pytest.mark.parametrize(
    ("values", "sender", "shop"),
    [
        ({}, "Demo <no-reply@demo-gateway>", "http://demo-gateway"),
        (
            {"global": {"url": "https://b.example.com:8443"}},
            "Demo <no-reply@b.example.com>",
            "https://b.example.com:8443",
        ),
        ({"mail": {"from": "Books & More <hi@example.com>"}}, "Books & More <hi@example.com>", "http://demo-gateway"),
    ],
)
def test_mails_say_who_sends_them(helm: Helm, values: Object, sender: str, shop: str) -> None:
    data = named(helm.template("notifications", values), "ConfigMap", "demo-notifications")["data"]
    assert (data["MAIL_FROM"], data["SHOP_URL"]) == (sender, shop)


def test_a_mail_server_takes_the_place_of_the_sink(helm: Helm) -> None:
    objects = helm.template("notifications", {"mail": {"secretName": "demo-smtp"}})
    (container,) = named(objects, "Deployment", "demo-notifications")["spec"]["template"]["spec"]["containers"]
    reference = {"name": "demo-smtp", "key": "url"}
    assert {"name": "SMTP_URL", "valueFrom": {"secretKeyRef": reference}} in container["env"]
    assert "SMTP_URL" not in named(objects, "ConfigMap", "demo-notifications")["data"]
    assert not [one for one in objects if one["metadata"]["name"] == "demo-mail"]


@pytest.mark.parametrize(("proxies", "trusted"), [(0, "1"), (2, "3")])
def test_services_count_the_proxies_before_them(helm: Helm, proxies: int, trusted: str) -> None:
    for service in ("users", "storefront"):
        objects = helm.template(service, {"global": {"trustedProxies": proxies}})
        assert named(objects, "ConfigMap", f"demo-{service}")["data"]["TRUSTED_PROXIES"] == trusted
