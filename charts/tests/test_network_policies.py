"""Network policies: what may be reached in a shop is the call graph, and nothing else."""

import itertools

import pytest

from charts.tests.helm import SERVICES, Helm, Object
from charts.tests.objects import matches, named, of_kind, pods

CALLS = {
    **{("gateway", service): 8080 for service in SERVICES},
    **{(service, "users"): 8080 for service in SERVICES if service != "users"},
    **{("orders", service): 8080 for service in ("products", "inventory", "payments")},
    **{(service, "postgres"): 5432 for service in SERVICES},
    **{(f"{service}-migrate", "postgres"): 5432 for service in SERVICES},
}
PORTS = (8080, 9090, 5432)
SYSTEM = {"kubernetes.io/metadata.name": "shopkeeper-system"}


def allowed(rules: list[Object], direction: str, peer: dict[str, str], port: int) -> bool:
    """Tell whether one of the rules lets a pod of the same namespace through on a TCP port."""
    return any(
        any(entry["port"] == port and entry["protocol"] == "TCP" for entry in rule["ports"])
        and any(peer_matches(one, peer, {"kubernetes.io/metadata.name": "test"}) for one in rule.get(direction, [None]))
        for rule in rules
    )


def peer_matches(peer: Object | None, labels: dict[str, str], namespace: dict[str, str]) -> bool:
    """Tell whether a NetworkPolicyPeer is a pod; None stands for a rule without peers."""
    if peer is None:
        return True
    if "namespaceSelector" not in peer and namespace != {"kubernetes.io/metadata.name": "test"}:
        return False
    return matches(peer.get("namespaceSelector", {}), namespace) and matches(peer.get("podSelector", {}), labels)


def parts(objects: list[Object]) -> dict[str, dict[str, str]]:
    """Return part -> labels of its pods."""
    labels = [pod["metadata"]["labels"] for _, pod in pods(objects)]
    return {one["app.kubernetes.io/name"]: one for one in labels}


def test_every_pod_is_denied_what_no_policy_allows(helm: Helm) -> None:
    objects = helm.template("shop")
    policies = of_kind(objects, "NetworkPolicy")
    assert all(policy["spec"]["policyTypes"] == ["Ingress", "Egress"] for policy in policies)
    for holder, pod in pods(objects):
        labels = pod["metadata"]["labels"]
        assert len([policy for policy in policies if matches(policy["spec"]["podSelector"], labels)]) == 1, holder


def test_pods_reach_exactly_whom_they_call(helm: Helm) -> None:
    objects = helm.template("shop")
    labels = parts(objects)
    open_ways = {}
    for source, target, port in itertools.product(labels, labels, PORTS):
        egress = named(objects, "NetworkPolicy", f"demo-{source}")["spec"].get("egress", [])
        ingress = named(objects, "NetworkPolicy", f"demo-{target}")["spec"].get("ingress", [])
        if allowed(egress, "to", labels[target], port) and allowed(ingress, "from", labels[source], port):
            open_ways[source, target] = port
    assert open_ways == CALLS


def test_the_environment_names_whom_a_service_calls(helm: Helm) -> None:
    objects = helm.template("shop")
    for service in SERVICES:
        data = named(objects, "ConfigMap", f"demo-{service}")["data"]
        urls = {name: value for name, value in data.items() if name.endswith("_URL")}
        called = [target for source, target in CALLS if source == service and target != "postgres"]
        assert urls == {f"{target.upper()}_URL": f"http://demo-{target}" for target in called}


@pytest.mark.parametrize("part", [*SERVICES, "gateway", "users-migrate"])
def test_names_can_be_resolved(helm: Helm, part: str) -> None:
    egress = named(helm.template("shop"), "NetworkPolicy", f"demo-{part}")["spec"]["egress"]
    assert {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]} in egress


@pytest.mark.parametrize("part", [*SERVICES, "gateway"])
def test_metrics_can_be_read_from_the_namespaces_named(helm: Helm, part: str) -> None:
    monitoring = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    objects = helm.template(part, {"networkPolicy": {"metricsFrom": [monitoring]}})
    rules = named(objects, "NetworkPolicy", f"demo-{part}")["spec"]["ingress"]
    assert {"from": [monitoring], "ports": [{"port": 9090, "protocol": "TCP"}]} in rules


def test_other_shops_are_strangers(helm: Helm) -> None:
    stranger = parts(helm.template("shop", release="other"))
    objects = helm.template("shop")
    for (source, target), port in CALLS.items():
        rules = named(objects, "NetworkPolicy", f"demo-{target}")["spec"]["ingress"]
        assert not allowed(rules, "from", stranger[source], port), (source, target)


def test_operator_may_reach_the_database(helm: Helm) -> None:
    operator = {"app.kubernetes.io/name": "shop-operator"}

    def may(values: Object) -> bool:
        (rule,) = named(helm.template("postgres", values), "NetworkPolicy", "demo-postgres")["spec"]["ingress"]
        return any(peer_matches(peer, operator, SYSTEM) for peer in rule["from"])

    assert may({"networkPolicy": {"operatorNamespace": "shopkeeper-system"}})
    assert not may({"networkPolicy": {"operatorNamespace": "elsewhere"}})
    assert not may({})


def test_database_calls_nobody(helm: Helm) -> None:
    assert "egress" not in named(helm.template("postgres"), "NetworkPolicy", "demo-postgres")["spec"]


@pytest.mark.parametrize("part", ["orders", "orders-migrate"])
def test_external_database_is_reached_on_its_port(helm: Helm, part: str) -> None:
    values = {"global": {"database": {"external": True, "port": 6432}}}
    egress = named(helm.template("orders", values), "NetworkPolicy", f"demo-{part}")["spec"]["egress"]
    assert {"ports": [{"port": 6432, "protocol": "TCP"}]} in egress
    assert not any(entry["port"] == 5432 for rule in egress for entry in rule["ports"])
