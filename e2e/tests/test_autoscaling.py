"""Under load the replicas of a service rise and fall by the HPA, and the operator never fights it."""

import json
from collections.abc import Callable

import pytest

from e2e.support.kubectl import Object
from e2e.support.shop import Shop
from e2e.support.waiting import eventually

pytestmark = pytest.mark.e2e

SCALE_UP_SECONDS = 180
SCALE_DOWN_SECONDS = 300
LOAD_SECONDS = 240

# Runs in the cluster on the Shop's own products image: four threads read the catalogue until the time is over.
LOAD = """
import threading, time, urllib.request
end = time.monotonic() + {seconds}
def read():
    while time.monotonic() < end:
        urllib.request.urlopen("{url}", timeout=10).read()
threads = [threading.Thread(target=read) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
"""


def load_job(shop: Shop, image: str) -> dict[str, object]:
    """Return a Job that reads the catalogue through the gateway."""
    script = LOAD.format(seconds=LOAD_SECONDS, url=f"http://{shop.name}-gateway/products")
    container = {
        "name": "load",
        "image": image,
        "command": ["python", "-c", script],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "300m", "memory": "64Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "load"},
        "spec": {"backoffLimit": 0, "activeDeadlineSeconds": LOAD_SECONDS + 60, "template": {"spec": pod}},
    }


def test_replicas_follow_the_load_and_come_back(make_shop: Callable[[str], Shop]) -> None:
    shop = make_shop("demo")
    shop.apply(services={"products": {"autoscaling": {"minReplicas": 1, "maxReplicas": 4, "targetCPUUtilization": 60}}})
    shop.wait_ready()
    kubectl = shop.kubectl

    def deployment() -> Object:
        return kubectl.get("deployment", "demo-products")

    assert deployment()["spec"]["replicas"] == 1
    image = kubectl.get("deployment", "demo-products")["spec"]["template"]["spec"]["containers"][0]["image"]
    kubectl.apply(load_job(shop, image))

    eventually(lambda: deployment()["status"].get("readyReplicas", 0) >= 3, "three replicas serve", SCALE_UP_SECONDS)
    # An unrelated change makes the operator write the Shop's objects again while the HPA holds the replicas.
    scaled = deployment()["spec"]["replicas"]
    kubectl("delete", "service", "demo-payments")
    eventually(lambda: kubectl.find("service", "demo-payments"), "the operator has repaired the Service", 30)
    assert deployment()["spec"]["replicas"] >= scaled
    managers = [
        entry["manager"]
        for entry in kubectl.get("deployment", "demo-products")["metadata"].get("managedFields", [])
        if "f:replicas" in json.dumps(entry.get("fieldsV1", {}).get("f:spec", {}))
    ]
    assert "shopkeeper" not in managers

    kubectl("delete", "job", "load", "--cascade=foreground", "--timeout=60s")
    eventually(lambda: deployment()["spec"]["replicas"] == 1, "the replicas come back", SCALE_DOWN_SECONDS)

    shop.apply()
    shop.wait_ready()
    assert shop.children("horizontalpodautoscalers") == []
