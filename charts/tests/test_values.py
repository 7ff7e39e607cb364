"""Schemas: a wrong value is refused with the chart and the field that it is in."""

import json
from typing import Any

import jsonschema
import pytest

from charts.tests.helm import CHARTS, NAMES, Helm, Object, load


def at(path: str, value: Any) -> Object:
    """Return values with one value at a path such as `image/tag`."""
    for key in reversed(path.split("/")):
        value = {key: value}
    nested: Object = value
    return nested


# Chart -> path, wrong value, what helm says of it. What several charts have comes from one fragment of the model.
WRONG: dict[str, list[tuple[str, Any, str]]] = {
    "orders": [
        ("imge", {}, "at '': additional properties 'imge' not allowed"),
        ("global/imageTags", "1", "at '/global': additional properties 'imageTags' not allowed"),
        ("global/imageTag", 1.5, "at '/global/imageTag': got number, want string"),
        ("global/imageTag", "no spaces", "at '/global/imageTag': 'no spaces' does not match pattern"),
        ("global/imagePullPolicy", "Sometimes", "at '/global/imagePullPolicy': value must be one of 'Always', "),
        ("global/imagePullSecrets", ["name"], "at '/global/imagePullSecrets/0': got string, want object"),
        ("global/currency", "Euro", "at '/global/currency': 'Euro' does not match pattern '^[A-Z]{3}$'"),
        ("global/shop", "Demo", "at '/global/shop': 'Demo' does not match pattern"),
        ("global/database/port", 0, "at '/global/database/port': minimum: got 0, want 1"),
        ("image/digest", "sha256:abc", "at '/image/digest': 'sha256:abc' does not match pattern"),
        ("image/repository", "Shop:1", "at '/image/repository': 'Shop:1' does not match pattern"),
        ("resources/requests/cpu", "1 core", "at '/resources/requests/cpu': '1 core' does not match pattern"),
        ("resources/requests/cpu", 0, "at '/resources/requests/cpu': exclusiveMinimum: got 0, want 0"),
        ("resources/limits/memory", "1.5Gi", "at '/resources/limits/memory': '1.5Gi' does not match pattern"),
        ("resources/limits/gpu", "1", "at '/resources/limits': additional properties 'gpu' not allowed"),
        ("podLabels/team", 1, "at '/podLabels/team': got number, want string"),
        ("nodeSelector/ssd", True, "at '/nodeSelector/ssd': got boolean, want string"),
        ("tolerations", [{"effect": "No"}], "at '/tolerations/0/effect': value must be one of 'NoSchedule', "),
        ("affinity/node", {}, "at '/affinity': additional properties 'node' not allowed"),
        ("priorityClassName", "High!", "at '/priorityClassName': 'High!' does not match pattern"),
        ("podDisruptionBudget/enabled", "yes", "at '/podDisruptionBudget/enabled': got string, want boolean"),
        ("replicas", -1, "at '/replicas': minimum: got -1, want 0"),
        ("replicas", "2", "at '/replicas': got string, want integer"),
        ("autoscaling/minReplicas", 0, "at '/autoscaling/minReplicas': minimum: got 0, want 1"),
        ("autoscaling/targetCPUUtilization", 0, "at '/autoscaling/targetCPUUtilization': minimum: got 0, want 1"),
        ("autoscaling/behavior/up", {}, "at '/autoscaling/behavior': additional properties 'up' not allowed"),
        ("podMonitor/interval", "often", "at '/podMonitor/interval': 'often' does not match pattern"),
        ("networkPolicy/metricsFrom", [], "at '/networkPolicy/metricsFrom': minItems: got 0, want 1"),
        ("server/kind", "uwsgi", "at '/server/kind': value must be one of 'granian', 'gunicorn'"),
        ("server/threads", 0, "at '/server/threads': minimum: got 0, want 1"),
        ("database/poolSize", 1000, "at '/database/poolSize': maximum: got 1,000, want 100"),
        ("database/secretName", "My_Secret", "at '/database/secretName': 'My_Secret' does not match pattern"),
        ("env/LOG_LEVEL", 1, "at '/env/LOG_LEVEL': got number, want string"),
        ("env/log-level", "INFO", "at '/env': additional properties 'log-level' not allowed"),
    ],
    "gateway": [
        ("service/type", "ExternalName", "at '/service/type': value must be one of 'ClusterIP', "),
        ("service/nodePort", 70000, "at '/service/nodePort': maximum: got 70,000, want 65,535"),
        ("concurrency", 0, "at '/concurrency': minimum: got 0, want 1"),
        ("limits/bodyBytes", 1, "at '/limits/bodyBytes': minimum: got 1, want 1,024"),
        ("timeoutSeconds/carts", 5, "at '/timeoutSeconds': additional properties 'carts' not allowed"),
        ("drainSeconds", 0, "at '/drainSeconds': minimum: got 0, want 1"),
    ],
    "postgres": [
        ("storage/size", "big", "at '/storage/size': 'big' does not match pattern"),
        ("maxConnections", 5, "at '/maxConnections': minimum: got 5, want 20"),
        ("sharedBuffers", "64Mi", "at '/sharedBuffers': '64Mi' does not match pattern"),
        ("networkPolicy/operatorNamespace", "A", "at '/networkPolicy/operatorNamespace': 'A' does not match"),
    ],
    "rabbitmq": [
        ("replicas", 2, "at '/replicas': value must be one of 1, 3"),
        ("memoryHighWatermark", "0.5", "at '/memoryHighWatermark': '0.5' does not match pattern"),
    ],
    "storefront": [
        ("database/poolSize", 4, "at '': additional properties 'database' not allowed"),
    ],
    "products": [
        ("messaging/secretName", "x", "at '': additional properties 'messaging' not allowed"),
        ("catalog/configMap", "My Catalogue", "at '/catalog/configMap': 'My Catalogue' does not match pattern"),
    ],
    "notifications": [
        ("mail/from", "shop", "at '/mail/from': 'shop' does not match pattern"),
        ("mail/ports", [0], "at '/mail/ports/0': minimum: got 0, want 1"),
    ],
    "shop": [
        ("global/url", "shop.example.com", "at '/global/url': 'shop.example.com' does not match pattern"),
        ("global/tracing/endpoint", "otel:4318", "at '/global/tracing/endpoint': 'otel:4318' does not match pattern"),
        ("global/trustedProxies", -1, "at '/global/trustedProxies': minimum: got -1, want 0"),
        ("globl", {}, "at '': additional properties 'globl' not allowed"),
        ("global/currency", 978, "at '/global/currency': got number, want string"),
    ],
}


@pytest.mark.parametrize(
    ("chart", "path", "value", "message"),
    [(chart, *case) for chart, some in WRONG.items() for case in some],
    ids=[f"{chart}-{path}-{value}" for chart, some in WRONG.items() for path, value, _ in some],
)
def test_a_wrong_value_is_refused(helm: Helm, chart: str, path: str, value: object, message: str) -> None:
    outcome = helm.try_template(chart, at(path, value))
    assert not outcome.ok
    assert f"{chart}:\n- {message}" in outcome.output


@pytest.mark.parametrize("chart", [name for name in NAMES if name != "shop"])
def test_the_shop_refuses_what_its_parts_refuse(helm: Helm, chart: str) -> None:
    outcome = helm.try_template("shop", {chart: {"image": {"tag": 1}, "colour": "red"}})
    assert not outcome.ok
    complaints = outcome.output.split("following chart(s):\n")[1].strip().splitlines()
    assert complaints[0] == f"{chart}:"
    assert set(complaints[1:]) == {
        "- at '': additional properties 'colour' not allowed",
        "- at '/image/tag': got number, want string",
    }


@pytest.mark.parametrize(
    ("chart", "values", "message"),
    [
        (
            "products",
            {"autoscaling": {"enabled": True, "minReplicas": 6, "maxReplicas": 5}},
            "products: autoscaling.minReplicas (6) must not be above autoscaling.maxReplicas (5)",
        ),
        ("orders", {"env": {"DATABASE_URL": "x"}}, "orders: env.DATABASE_URL is set by the chart"),
        (
            "orders",
            {"podLabels": {"app.kubernetes.io/name": "x"}},
            "podLabels: the label app.kubernetes.io/name is the chart's own",
        ),
        (
            "orders",
            {"podMonitor": {"enabled": True, "labels": {"app.kubernetes.io/name": "x"}}},
            "podMonitor.labels: the label app.kubernetes.io/name is the chart's own",
        ),
        (
            "gateway",
            {"service": {"nodePort": 30080}},
            "gateway: service.nodePort (30080) needs service.type NodePort or LoadBalancer, not ClusterIP",
        ),
        (
            "shop",
            {"postgres": {"enabled": False}},
            "postgres.enabled (false) and global.database.external (false): exactly one must be true",
        ),
        (
            "shop",
            {"global": {"database": {"external": True}}},
            "postgres.enabled (true) and global.database.external (true): exactly one must be true",
        ),
        (
            "shop",
            {"rabbitmq": {"enabled": False}},
            "rabbitmq.enabled (false) and global.messaging.external (false): exactly one must be true",
        ),
        (
            "notifications",
            {"sink": {"enabled": False}},
            "notifications: mail.secretName must name a secret with the address of a mail server where sink.enabled is",
        ),
        ("users", {"env": {"TRUSTED_PROXIES": "2"}}, "users: env.TRUSTED_PROXIES is set by the chart"),
    ],
)
def test_values_that_contradict_each_other_are_refused(helm: Helm, chart: str, values: Object, message: str) -> None:
    outcome = helm.try_template(chart, values)
    assert not outcome.ok
    assert message in outcome.output


@pytest.mark.parametrize("chart", NAMES)
def test_schema_is_draft_07_and_knows_every_default(chart: str) -> None:
    schema = json.loads((CHARTS / chart / "values.schema.json").read_text())
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(load(CHARTS / chart / "values.yaml"))


@pytest.mark.parametrize("chart", NAMES)
def test_schema_admits_known_keys_only(chart: str) -> None:
    def closed(node: Object) -> bool:
        children = node.get("properties", {}).values()
        return ("properties" not in node or node["additionalProperties"] is False) and all(map(closed, children))

    assert closed(json.loads((CHARTS / chart / "values.schema.json").read_text()))
