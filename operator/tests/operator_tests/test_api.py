"""The Shop API: what is refused and how, and that the definition in the chart is the one of the model."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from shopkeeper_operator import crd, naming
from shopkeeper_operator.api import rules
from shopkeeper_operator.api.model import InvalidShop, Spec, parse
from shopkeeper_operator.api.status import Status

ROOT = Path(__file__).resolve().parents[3]
INVALID = sorted((ROOT / "operator/tests/invalid").glob("*.yaml"))
#: Only the API server sees both objects of a change, and only it knows of fields that there are not.
BEYOND_THE_GUARD = {
    "change-currency",
    "change-database-mode",
    "change-storage-class",
    "shrink-broker",
    "shrink-storage",
    "unknown-field",
}
#: Refused by the form of the field; the API server and pydantic say it in words of their own.
IN_OTHER_WORDS = {
    "autoscaling-without-max": "spec.services.products.autoscaling.maxReplicas: Field required",
    "deletion-policy": "spec.deletionPolicy: Input should be 'Retain' or 'Delete'",
    "profile": "spec.profile: Input should be 'small', 'medium' or 'large'",
    "replicas-zero": "spec.services.products.replicas: Input should be greater than or equal to 1",
}


def load(path: Path) -> dict[str, Any]:
    """Return one example of what is refused."""
    example: dict[str, Any] = yaml.safe_load(path.read_text())
    return example


def test_the_definition_in_the_chart_is_the_generated_one() -> None:
    committed = ROOT / "charts/shop-operator/files/shops.shopkeeper.dev.yaml"

    assert committed.read_text() == crd.render(), "the model has changed, see operator/README.md"


@pytest.mark.parametrize("path", [p for p in INVALID if p.stem not in BEYOND_THE_GUARD], ids=lambda path: path.stem)
def test_the_guard_refuses_what_the_api_server_refuses(path: Path) -> None:
    example = load(path)
    shop = example["shop"]

    with pytest.raises(InvalidShop) as refused:
        parse(shop["metadata"]["name"], shop["spec"])

    for words in [IN_OTHER_WORDS[path.stem]] if path.stem in IN_OTHER_WORDS else example["refusedWith"]:
        assert words in str(refused.value)


def test_every_rule_has_an_example() -> None:
    sentences = {rule.sentence.split("%s")[0] for rule in vars(rules).values() if isinstance(rule, rules.Rule)}
    told = [words for path in INVALID for words in load(path)["refusedWith"]]

    missing = {sentence for sentence in sentences if not any(words.startswith(sentence) for words in told)}

    assert missing == {"resources.requests.cpu "}


def test_an_empty_spec_is_complete() -> None:
    spec = parse("demo", {})

    assert (spec.profile, spec.currency, spec.deletion_policy) == ("small", "EUR", "Retain")
    assert (spec.database.mode, spec.database.storage.size) == ("Embedded", "2Gi")
    assert spec.gateway.service.type == "ClusterIP"


def test_all_fields_are_read() -> None:
    spec = parse(
        "demo",
        {
            "release": "1.2.0",
            "host": "shop.example.com:8443",
            "imagePullSecrets": [{"name": "registry"}],
            "gateway": {"service": {"type": "NodePort", "nodePort": 30080}},
            "services": {
                "users": {"resources": {"limits": {"cpu": 2, "memory": "1Gi"}}, "env": {"LOG_LEVEL": "DEBUG"}},
                "products": {"autoscaling": {"maxReplicas": 5, "targetCPUUtilization": 70}},
            },
        },
    )

    assert spec.gateway.service.node_port == 30080
    assert spec.image_pull_secrets[0].name == "registry"
    assert spec.services["users"].resources.limits.cpu == 2
    scaling = spec.services["products"].autoscaling
    assert scaling is not None
    assert (scaling.min_replicas, scaling.max_replicas, scaling.target_cpu_utilization) == (1, 5, 70)


def test_all_sentences_are_told_at_once() -> None:
    with pytest.raises(InvalidShop) as refused:
        parse("Demo", {"currency": "euro", "host": "a b"})

    assert len(refused.value.sentences) == 3


@pytest.mark.parametrize("model", [Spec, Status])
def test_the_schema_is_structural(model: type[Spec] | type[Status]) -> None:
    def check(node: Any) -> None:
        if isinstance(node, dict):
            assert not {"$ref", "$defs", "title", "nullable"} & node.keys() - {"title"} or "type" not in node
            for value in node.values():
                check(value)

    check(crd.structural(model))


def test_defaults_of_objects_hold_the_defaults_inside() -> None:
    schema = crd.structural(Spec)["properties"]

    assert schema["database"]["default"] == {
        "mode": "Embedded",
        "storage": {"size": "2Gi", "className": ""},
        "external": {"secretName": ""},
    }
    assert "default" not in schema["release"]


def test_the_longest_names_fit() -> None:
    shop = "s" * naming.SHOP_NAME_MAX

    assert len(f"{shop}-recommendations-migrate-0123abcd") <= 63
    name = naming.database_name("n" * 63, shop, "inventory", shared_server=True)
    assert len(naming.owner_role(name)) <= naming.POSTGRES_IDENTIFIER_MAX
    assert name != naming.database_name("n" * 62 + "m", shop, "inventory", shared_server=True)


def test_names_on_a_shared_server_have_no_hyphens() -> None:
    assert naming.database_name("my-ns", "my-shop", "users", shared_server=True) == "my_ns_my_shop_users"
    assert naming.database_name("my-ns", "my-shop", "users", shared_server=False) == "users"
