"""From Shops to the values of the chart, and from quantities to numbers."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shopkeeper_operator import naming, quantity, values
from shopkeeper_operator.api.model import parse
from shopkeeper_operator.profiles import PROFILES


def build(**spec: Any) -> dict[str, Any]:
    """Return the values of a Shop."""
    return values.build(
        parse("demo", spec),
        values.Facts(
            release="1.0.0",
            image_registry="registry.example.com",
            operator_namespace="system",
            database_port=5432,
            credentials=dict.fromkeys((*naming.SERVICES, naming.RABBITMQ), "digest"),
            catalog="digest" if "catalog" in spec else "",
        ),
    )


def test_an_empty_spec_is_the_profile_small() -> None:
    made = build()

    assert made["global"] == {
        "imageRegistry": "registry.example.com",
        "imageTag": "1.0.0",
        "imagePullSecrets": [],
        "currency": "EUR",
        "managedBy": "shopkeeper",
        "url": "",
        "trustedProxies": 0,
        "tracing": {"endpoint": ""},
        "database": {"external": False, "port": 5432},
    }
    assert made["payments"] == {
        "replicas": 1,
        "resources": {"requests": {"cpu": "20m", "memory": "96Mi"}, "limits": {"cpu": "1", "memory": "192Mi"}},
        "env": {},
        "database": {"poolSize": 8},
        "podAnnotations": {"shopkeeper.dev/credentials": "digest"},
    }
    assert made["users"]["resources"]["limits"]["memory"] == "256Mi"
    assert "database" not in made["storefront"]
    assert made["gateway"]["service"] == {"type": "ClusterIP", "nodePort": None, "tlsNodePort": None}
    assert made["gateway"]["tls"] == {"enabled": True, "secretName": "", "redirect": False}
    assert made["gateway"]["rateLimit"] == {"requestsPerMinute": 600, "credentialsPerMinute": 0}
    assert made["rabbitmq"]["replicas"] == 1
    assert made["rabbitmq"]["storage"] == {"size": "1Gi", "className": ""}
    assert made["products"]["catalog"] == {"configMap": "", "checksum": ""}
    assert made["notifications"]["mail"] == {"secretName": "", "from": ""}
    assert made["postgres"]["storage"] == {"size": "2Gi", "className": ""}
    assert made["postgres"]["networkPolicy"] == {"enabled": True, "operatorNamespace": "system"}


def test_small_fits_a_small_machine() -> None:
    small = PROFILES["small"]
    sizes = [*(small.of(service) for service in naming.SERVICES), small.gateway, small.postgres, small.rabbitmq]

    assert sum(size.replicas * quantity.parse(size.cpu) for size in sizes) <= Decimal("0.5")
    assert sum(size.replicas * quantity.parse(size.memory) for size in sizes) <= Decimal("1.5") * 2**30


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_keep_requests_below_limits(profile: str) -> None:
    for part, made in build(profile=profile).items():
        if "resources" in made:
            for resource in ("cpu", "memory"):
                requested, limit = (made["resources"][kind][resource] for kind in ("requests", "limits"))
                assert quantity.parse(requested) <= quantity.parse(limit), part


def test_an_autoscaler_replaces_the_fixed_number() -> None:
    made = build(services={"products": {"autoscaling": {"minReplicas": 2, "maxReplicas": 9}}})

    assert made["products"]["autoscaling"] == {
        "enabled": True,
        "minReplicas": 2,
        "maxReplicas": 9,
        "targetCPUUtilization": 60,
    }
    assert "autoscaling" not in made["users"]


def test_resources_lie_over_the_profile() -> None:
    made = build(services={"users": {"resources": {"requests": {"cpu": "2"}, "limits": {"memory": "64Mi"}}}})

    assert made["users"]["resources"] == {
        "requests": {"cpu": "2", "memory": "64Mi"},
        "limits": {"cpu": "2", "memory": "64Mi"},
    }


def test_an_external_database_turns_postgres_off() -> None:
    made = build(database={"mode": "External", "external": {"secretName": "admin"}})

    assert made["postgres"] == {"enabled": False}
    assert made["global"]["database"] == {"external": True, "port": 5432}


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**9), st.sampled_from(["", "m", "k", "Ki", "M", "Mi", "G", "Gi"]))
def test_quantities_are_numbers(amount: int, unit: str) -> None:
    number = quantity.parse(f"{amount}{unit}")

    factor = {"": "1", "m": "0.001", "k": "1e3", "M": "1e6", "G": "1e9"}
    binary = {"Ki": "1024", "Mi": "1048576", "Gi": "1073741824"}
    assert number == amount * Decimal((factor | binary)[unit])


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_what_is_no_quantity_is_refused(text: str) -> None:
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?", text):
        return
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity.parse(text)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [("0.5", "500m", True), ("1024Mi", "1Gi", True), ("1", 1, True), ("1", "1Mi", False), ("x", "x", False)],
)
def test_quantities_compare_by_size(left: object, right: object, same: bool) -> None:
    assert quantity.equal(left, right) is same
