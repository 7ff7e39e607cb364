"""One trace from the gateway to the databases and over the broker, seen by a receiver in the cluster."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.support import collector
from e2e.support.kubectl import Kubectl
from e2e.support.shop import Shop
from e2e.support.waiting import eventually

pytestmark = pytest.mark.e2e

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def start_collector(namespace: Kubectl, image: str) -> None:
    """Run the receiver behind a Service `collector`."""
    labels = {"app": "collector"}
    script = Path(collector.__file__).read_text()
    container = {
        "name": "collector",
        "image": image,
        "command": ["python", "/script/collector.py"],
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "script", "mountPath": "/script"}],
    }
    namespace.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "collector"}, "data": {"collector.py": script}},
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "collector", "labels": labels},
            "spec": {
                "containers": [container],
                "automountServiceAccountToken": False,
                "volumes": [{"name": "script", "configMap": {"name": "collector"}}],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "collector"},
            "spec": {"selector": labels, "ports": [{"port": collector.PORT}]},
        },
    )
    namespace("wait", "--for=condition=Ready", "pod/collector", "--timeout=60s")


def image_of(operator: Kubectl) -> str:
    """Return the image of users that belongs to the operator in the cluster."""
    deployment = operator.list("deployments", "app.kubernetes.io/name=shop-operator")[0]
    operators_image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return operators_image.replace("/operator:", "/users:")


def test_order_is_one_trace(operator: Kubectl, namespace: Kubectl, make_shop: Callable[[str], Shop]) -> None:
    start_collector(namespace, image_of(operator))
    shop = make_shop("traced")
    shop.apply(tracing={"endpoint": f"http://collector.{namespace.namespace}:{collector.PORT}"})
    shop.wait_ready()
    trace = secrets.token_hex(16)

    with shop.gateway() as client:
        product = shop.admin(client).offer("Kettle", price=3900, stock=9)
        shopper = client.register()
        order = shopper.order(product, 1).body["id"]
        parent = f"00-{trace}-{secrets.token_hex(8)}-01"
        paid = shopper.call("POST", f"/orders/{order}/pay", {"payment_method": "pm_card_approved"}, Traceparent=parent)
        assert paid.status == 200

    def spans() -> list[dict[str, str]]:
        lines = [json.loads(line) for line in namespace("logs", "collector").splitlines() if line[0] == "{"]
        return [line for line in lines if line["trace"] == trace]

    expected = {"gateway", "orders", "payments", "inventory", "notifications"}
    eventually(lambda: {span["service"] for span in spans()} >= expected, "all parts have sent their spans", 60)
    found = spans()
    known = {span["span"] for span in found}
    orphans = [span for span in found if span["parent"] not in known and span["service"] != "gateway"]
    assert orphans == []
    assert {"INSERT", "SELECT", "UPDATE"} & {span["name"].split()[0] for span in found if span["service"] == "payments"}
