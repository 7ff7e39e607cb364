"""Network policies: what may be reached in a shop is the call graph, and nothing else."""

import itertools

import pytest

from charts.tests.helm import MESSENGERS, SERVICES, WITH_DATABASE, Helm, Object
from charts.tests.objects import matches, named, of_kind, pods

CALLS = {
    **{("gateway", service): 8080 for service in SERVICES if service != "recommendations"},
    **{(service, "users"): 8080 for service in ("products", "inventory", "orders", "payments", "notifications")},
    **{("orders", service): 8080 for service in ("products", "inventory", "payments")},
    **{("storefront", service): 8080 for service in ("users", "products", "inventory", "orders")},
    ("storefront", "recommendations"): 8081,
    **{("catalog", service): 8080 for service in ("users", "products", "inventory")},
    **{(service, "postgres"): 5432 for service in WITH_DATABASE},
    **{(f"{service}-migrate", "postgres"): 5432 for service in WITH_DATABASE},
    **{(service, "rabbitmq"): 5672 for service in MESSENGERS},
    ("notifications", "mail"): 1025,
}
PORTS = (8080, 8081, 9090, 5432, 5672, 1025)
# Everything that can be in a shop.
ALL: Object = {"products": {"catalog": {"configMap": "demo-catalog"}}}
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
    objects = helm.template("shop", ALL)
    policies = of_kind(objects, "NetworkPolicy")
    assert all(policy["spec"]["policyTypes"] == ["Ingress", "Egress"] for policy in policies)
    for holder, pod in pods(helm.template("shop", ALL)):
        labels = pod["metadata"]["labels"]
        assert len([policy for policy in policies if matches(policy["spec"]["podSelector"], labels)]) == 1, holder


def test_pods_reach_exactly_whom_they_call(helm: Helm) -> None:
    objects = helm.template("shop", ALL)
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
        urls = {name: value for name, value in data.items() if name.endswith(("_URL", "_TARGET"))}
        called = [target for source, target in CALLS if source == service and CALLS[source, target] == 8080]
        wanted = {f"{target.upper()}_URL": f"http://demo-{target}" for target in called}
        if service == "storefront":
            wanted["RECOMMENDATIONS_TARGET"] = "dns:///demo-recommendations:8081"
        if service == "notifications":
            wanted |= {"SHOP_URL": "http://demo-gateway", "SMTP_URL": "smtp://demo-mail:1025"}
        assert urls == wanted


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
    stranger = parts(helm.template("shop", ALL, release="other"))
    objects = helm.template("shop", ALL)
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


def test_external_broker_is_reached_on_its_port(helm: Helm) -> None:
    values = {"global": {"messaging": {"external": True, "port": 5671}}}
    egress = named(helm.template("orders", values), "NetworkPolicy", "demo-orders")["spec"]["egress"]
    assert {"ports": [{"port": 5671, "protocol": "TCP"}]} in egress
    assert not any(entry["port"] == 5672 for rule in egress for entry in rule["ports"])


@pytest.mark.parametrize(("other", "ports"), [("demo-rabbitmq", {4369, 25672}), ("other-rabbitmq", set())])
def test_nodes_of_a_broker_reach_each_other_only(helm: Helm, other: str, ports: set[int]) -> None:
    peer = parts(helm.template("rabbitmq", {"global": {"shop": other.removesuffix("-rabbitmq")}}))["rabbitmq"]
    spec = named(helm.template("rabbitmq"), "NetworkPolicy", "demo-rabbitmq")["spec"]
    candidates = (4369, 25672, 5672, 22)
    assert {port for port in candidates if allowed(spec["ingress"], "from", peer, port)} == ports
    assert {port for port in candidates if allowed(spec["egress"], "to", peer, port)} == ports


def test_mails_leave_by_the_ports_of_mail_servers(helm: Helm) -> None:
    def egress(values: Object) -> list[Object]:
        rules: list[Object] = named(helm.template("notifications", values), "NetworkPolicy", "demo-notifications")[
            "spec"
        ]["egress"]
        return rules

    open_ports = [{"port": port, "protocol": "TCP"} for port in (25, 465, 587)]
    assert {"ports": open_ports} in egress({"mail": {"secretName": "demo-smtp"}})
    assert {"ports": open_ports} not in egress({})
    relay = {"mail": {"secretName": "demo-smtp", "ports": [2525]}}
    assert {"ports": [{"port": 2525, "protocol": "TCP"}]} in egress(relay)


@pytest.mark.parametrize("part", [*SERVICES, "gateway"])
@pytest.mark.parametrize(("address", "port"), [("http://otel:4318", 4318), ("http://otel.example.com/v1", 80)])
def test_spans_leave_only_where_there_is_a_receiver(helm: Helm, part: str, address: str, port: int) -> None:
    def leaves(values: Object) -> bool:
        rules = named(helm.template(part, values), "NetworkPolicy", f"demo-{part}")["spec"]["egress"]
        return {"ports": [{"port": port, "protocol": "TCP"}]} in rules

    assert leaves({"global": {"tracing": {"endpoint": address}}})
    assert not leaves({})
