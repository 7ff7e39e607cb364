"""The operator and the real charts: what it writes as values renders, and its own chart gives it what it needs."""

import os
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from shopkeeper_operator import kinds, naming, values
from shopkeeper_operator.api.model import parse
from shopkeeper_operator.kinds import Key
from shopkeeper_operator.plan import manifests
from shopkeeper_operator.snapshot import Environment, ShopObject, Snapshot

from charts.tests.helm import CHARTS, Helm, Object
from charts.tools.deps import build_dependencies, find_helm

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "golden").glob("*.yaml"))
#: A migration Job's name ends in the hash of its spec.
HASH = re.compile("(?<=-migrate)-[0-9a-f]{8}$")
#: What the operator does to the objects of each resource; see where the client is called.
VERBS = {
    "shops": {"list", "watch", "patch"},
    "shops/status": {"patch"},
    "secrets": {"get", "list", "watch", "create", "patch", "delete"},
    "persistentvolumeclaims": {"list", "watch", "patch", "delete"},
    "pods": {"list"},
    "pods/log": {"get"},
    "events": {"list", "create"},
} | {kind.plural: {"get", "list", "watch", "create", "patch", "delete"} for kind in kinds.OWNED if not kind.data}


@pytest.fixture(scope="module")
def helm() -> Helm:
    """Return helm, after bringing the charts' dependencies up to date."""
    build_dependencies(CHARTS)
    return Helm(find_helm())


def built(spec: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a Shop."""
    return values.build(
        parse("demo", spec),
        values.Facts(
            release="1.0.0",
            image_registry="",
            operator_namespace="shopkeeper-system",
            database_port=5432,
            credentials=dict.fromkeys((*naming.SERVICES, naming.RABBITMQ), "digest"),
            catalog="digest" if "catalog" in spec else "",
        ),
    )


def snapshot() -> Snapshot:
    """Return a Shop without children."""
    shop = ShopObject(
        key=Key("test", "demo"), uid="u1", version=1, generation=1, finalizers=(), deleting=False, spec={}, status={}
    )
    return Snapshot(shop, {}, Environment("1.0.0", "", "shopkeeper-system"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden(helm: Helm, path: Path) -> None:
    golden = yaml.safe_load(path.read_text())
    made = built(golden["spec"])
    desired = manifests.finish(helm.template("shop", made, hooks=True), snapshot())
    found = golden | {
        "values": made,
        "objects": [f"{manifests.wave(body)} {ref.kind} {HASH.sub('-*', ref.name)}" for ref, body in desired.items()],
    }
    if "WRITE_GOLDEN" in os.environ:
        path.write_text(yaml.safe_dump(found, sort_keys=False, width=110))

    assert yaml.safe_load(path.read_text()) == found


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_what_is_applied_has_an_owner_a_digest_and_our_labels(helm: Helm, path: Path) -> None:
    made = built(yaml.safe_load(path.read_text())["spec"])

    for ref, body in manifests.finish(helm.template("shop", made), snapshot()).items():
        assert naming.is_ours(body["metadata"]["labels"], "demo"), ref
        assert [owner["uid"] for owner in body["metadata"]["ownerReferences"]] == ["u1"], ref
        assert len(manifests.digest_of(body)) == 16, ref


def test_pods_restart_for_new_credentials_and_only_theirs(helm: Helm) -> None:
    before = built({})
    after = built({})
    after["orders"]["podAnnotations"] = {naming.CREDENTIALS_ANNOTATION: "another"}

    changed = {
        (one["kind"], one["metadata"]["name"].rpartition("-migrate-")[0] or one["metadata"]["name"])
        for one, other in zip(helm.template("shop", before), helm.template("shop", after), strict=True)
        if one != other
    }

    assert changed == {("Deployment", "demo-orders"), ("Job", "demo-orders")}


def operator(helm: Helm, **given: Any) -> list[Object]:
    """Return the objects of the operator's chart."""
    outcome = helm.try_template("shop-operator", given, release="shop-operator")
    assert outcome.ok, outcome.output
    return [document for document in yaml.safe_load_all(outcome.output) if document]


def of(objects: list[Object], kind: str) -> list[Object]:
    """Return the objects of a kind."""
    return [one for one in objects if one["kind"] == kind]


def test_the_role_holds_exactly_the_verbs_that_are_used(helm: Helm) -> None:
    (role,) = of(operator(helm), "ClusterRole")

    held = {resource: set(rule["verbs"]) for rule in role["rules"] for resource in rule["resources"]}
    groups = {resource: rule["apiGroups"] for rule in role["rules"] for resource in rule["resources"]}
    assert held == VERBS
    assert all(groups[kind.plural] == [kind.group] for kind in (kinds.SHOP, *kinds.OWNED))


def test_watched_namespaces_narrow_the_rights(helm: Helm) -> None:
    objects = operator(helm, watchNamespaces=["one", "two"])

    assert of(objects, "ClusterRole") == of(objects, "ClusterRoleBinding") == []
    for kind in ("Role", "RoleBinding"):
        assert [one["metadata"]["namespace"] for one in of(objects, kind)] == ["one", "two", "test"]
    (deployment,) = of(objects, "Deployment")
    environment = {entry["name"]: entry.get("value") for entry in container(deployment)["env"]}
    assert environment["WATCH_NAMESPACES"] == "one,two"


def container(deployment: Object) -> Object:
    """Return the one container of a Deployment."""
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_the_operator_is_restricted(helm: Helm) -> None:
    (deployment,) = of(operator(helm), "Deployment")
    pod = deployment["spec"]["template"]["spec"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(deployment)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_one_replica_of_two_leads_by_a_lease_of_its_own(helm: Helm) -> None:
    objects = operator(helm)

    (deployment,) = of(objects, "Deployment")
    assert deployment["spec"]["replicas"] == 2
    environment = {entry["name"]: entry for entry in container(deployment)["env"]}
    assert environment["LEASE_NAME"]["value"] == "shop-operator"
    assert {"POD_NAME", "POD_NAMESPACE"} <= environment.keys()
    (role,) = of(objects, "Role")
    assert [(rule.get("resourceNames"), rule["verbs"]) for rule in role["rules"]] == [
        (None, ["create"]),
        (["shop-operator"], ["get", "patch"]),
    ]


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ({}, "shopkeeper/operator:0.1.0"),
        ({"tag": "1.2.0"}, "shopkeeper/operator:1.2.0"),
        ({"registry": "r.example.com/shops/", "tag": "1"}, "r.example.com/shops/shopkeeper/operator:1"),
        ({"digest": f"sha256:{'a' * 64}"}, f"shopkeeper/operator@sha256:{'a' * 64}"),
    ],
)
def test_the_image(helm: Helm, image: dict[str, str], reference: str) -> None:
    (deployment,) = of(operator(helm, image=image), "Deployment")

    assert container(deployment)["image"] == reference


def test_the_definition_is_kept_or_not_or_not_installed(helm: Helm) -> None:
    (kept,) = of(operator(helm), "CustomResourceDefinition")
    (dropped,) = of(operator(helm, crds={"keep": False}), "CustomResourceDefinition")

    assert kept["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert "annotations" not in dropped["metadata"]
    assert of(operator(helm, crds={"install": False}), "CustomResourceDefinition") == []
    committed = yaml.safe_load((CHARTS / "shop-operator/files/shops.shopkeeper.dev.yaml").read_text())
    assert kept["spec"] == committed["spec"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"replicas": 0}, "replicas"),
        ({"watchNamespaces": ["Not A Name"]}, "/watchNamespaces/0"),
        ({"logLevel": "loud"}, "/logLevel"),
        ({"workers": 0}, "/workers"),
        ({"image": {"tags": "x"}}, "tags"),
    ],
)
def test_wrong_values_are_refused(helm: Helm, given: dict[str, Any], words: str) -> None:
    outcome = helm.try_template("shop-operator", given)

    assert not outcome.ok
    assert words in outcome.output


@pytest.mark.parametrize("given", [{}, {"watchNamespaces": ["one"], "networkPolicy": {"enabled": False}}], ids=str)
def test_objects_meet_the_schemas_of_kubernetes(helm: Helm, given: dict[str, Any]) -> None:
    for one in operator(helm, **given):
        kubernetes_validate.validate(one, "1.37", strict=True)


def test_the_readme_names_every_value() -> None:
    readme = (CHARTS / "shop-operator/README.md").read_text()

    def paths(node: dict[str, Any], above: str = "") -> list[str]:
        found = []
        for key, value in node.items():
            below = f"{above}{key}"
            found += paths(value, f"{below}.") if isinstance(value, dict) and value else [below]
        return found

    default = yaml.safe_load((CHARTS / "shop-operator/values.yaml").read_text())
    assert [path for path in paths(default) if f"`{path}`" not in readme] == []
