"""Objects of others that a Shop names: missing, wrong, changed."""

import base64

import pytest
from shopkeeper_operator import kinds
from shopkeeper_operator.kinds import Key

from .support.scenes import ready, stranger
from .support.world import World

CSV = "sku,name,price,currency,stock\nA-1,Chair,4900,EUR,7\n"
URL = {"url": base64.b64encode(b"smtp://shop:secret@mail.example.com:587").decode()}


def jobs(world: World) -> list[str]:
    """Return the Jobs that load the catalogue."""
    return [name for name in world.api.of("Job") if name.startswith("demo-catalog-")]


def with_catalog() -> World:
    """Return a world with a Shop whose catalogue is loaded."""
    world = World()
    stranger(world, "ConfigMap", "products", data={"products.csv": CSV})
    world.apply(catalog={"configMap": "products"})
    world.run()
    assert world.shop()["status"]["phase"] == "Ready"
    world.api.writes.clear()
    return world


def test_a_catalogue_is_loaded_once_when_the_services_are_up() -> None:
    world = World()
    stranger(world, "ConfigMap", "products", data={"products.csv": CSV})
    world.apply(catalog={"configMap": "products"})
    world.run()

    (job,) = jobs(world)
    writes = world.api.writes
    assert all(
        writes.index(f"apply Deployment demo-{name}") < writes.index(f"apply Job {job}")
        for name in ("users", "products", "inventory")
    )
    assert world.condition("CatalogLoaded")["status"] == "True"
    world.api.writes.clear()
    world.run()
    assert world.api.writes == []


def test_a_changed_catalogue_is_loaded_by_another_job() -> None:
    world = with_catalog()
    (old,) = jobs(world)
    assert world.references.changed() == []

    world.api.edit(world.ref("ConfigMap", "products"), lambda body: body["data"].update({"more.json": "[]"}))
    assert world.references.changed() == [Key("shops", "demo")]
    world.run()

    (new,) = jobs(world)
    assert new != old
    assert world.shop()["status"]["phase"] == "Ready"


def test_a_touched_catalogue_with_the_same_content_is_not() -> None:
    world = with_catalog()

    world.api.edit(world.ref("ConfigMap", "products"), lambda body: body["metadata"].update({"labels": {"a": "b"}}))
    assert world.references.changed() == [Key("shops", "demo")]
    world.run()

    assert world.api.writes == []


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (None, "ConfigMap products does not exist"),
        ({}, "ConfigMap products holds nothing, but keys end in .csv or .json"),
        ({"products.csv": CSV, "notes.txt": ""}, "ConfigMap products holds notes.txt, but keys end in .csv or .json"),
    ],
)
def test_a_catalogue_that_cannot_be_loaded_is_told_until_it_can(data: dict[str, str] | None, text: str) -> None:
    world = World()
    if data is not None:
        stranger(world, "ConfigMap", "products", data=data)
    world.apply(catalog={"configMap": "products"})
    world.run()

    loaded = world.condition("CatalogLoaded")
    assert (loaded["status"], loaded["reason"]) == ("False", "CatalogMissing")
    assert text in loaded["message"]
    assert "kubectl create configmap" in loaded["message"]
    assert jobs(world) == []
    assert world.shop()["status"]["servicesReady"] == "8/8"

    body = stranger(world, "ConfigMap", "products", data={"products.csv": CSV})
    body["metadata"]["resourceVersion"] = "7"
    assert world.references.changed() == [Key("shops", "demo")]
    world.run()
    assert len(jobs(world)) == 1
    assert world.shop()["status"]["phase"] == "Ready"


def test_a_catalogue_with_wrong_lines_is_told_with_the_log() -> None:
    world = World()
    stranger(world, "ConfigMap", "products", data={"products.csv": CSV})
    world.apply(catalog={"configMap": "products"})
    world.failing_parts = {"catalog"}
    world.run()
    (job,) = jobs(world)
    world.api.logs[job] = "products.csv, line 2 (A-1): price: must be positive"
    world.set_status(world.ref("Job", job), {"failed": 2})

    world.reconcile()

    loaded = world.condition("CatalogLoaded")
    assert (loaded["status"], loaded["reason"]) == ("False", "CatalogFailed")
    assert f"Job {job} has 2 failed attempts. Last lines of its log: products.csv, line 2 (A-1)" in loaded["message"]
    assert "demo-gateway" in world.api.of("Deployment")


def test_a_shop_without_catalogue_any_more_loses_the_job() -> None:
    world = with_catalog()

    world.apply()
    world.run()

    assert jobs(world) == []
    assert world.ref("ConfigMap", "products") in world.api.objects


def test_a_mail_server_restarts_those_who_use_it() -> None:
    world = World()
    secret = stranger(world, "Secret", "mail", data=URL)
    world.apply(mail={"secretName": "mail", "from": "shop@example.com"})
    world.run()
    assert world.shop()["status"]["phase"] == "Ready"
    world.api.writes.clear()

    other = base64.b64encode(b"smtps://other.example.com").decode()
    world.api.edit(world.ref("Secret", "mail"), lambda body: body.__setitem__("data", {"url": other}))
    assert secret["data"] == {"url": other}
    assert world.references.changed() == [Key("shops", "demo")]
    world.run()

    assert [write for write in world.api.writes if "Deployment" in write] == ["apply Deployment demo-notifications"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (None, "Secret mail does not exist"),
        ({}, "Secret mail has no key url of the form"),
        ({"url": base64.b64encode(b"http://mail").decode()}, "Secret mail has no key url of the form"),
        ({"url": base64.b64encode(b"smtp://").decode()}, "Secret mail has no key url of the form"),
        ({"url": base64.b64encode(b"\xff").decode()}, "Secret mail has no key url of the form"),
    ],
)
def test_a_mail_server_that_is_none_is_told(data: dict[str, str] | None, text: str) -> None:
    world = World()
    if data is not None:
        stranger(world, "Secret", "mail", data=data)
    world.apply(mail={"secretName": "mail"})
    world.run()

    degraded = world.condition("Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "MailSecretInvalid")
    assert text in degraded["message"]


def test_what_is_not_named_any_more_is_forgotten() -> None:
    world = with_catalog()
    world.apply()
    assert world.references.changed() == []
    reads = world.api.reads

    assert world.references.changed() == []

    assert world.api.reads == reads
    assert ready().references.changed() == []
    assert world.api.get(kinds.CONFIG_MAP, "shops", "products") is not None
