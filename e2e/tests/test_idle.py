"""A Shop at rest costs the API server no write; and it fits a small machine."""

import os
import re
import time
from collections import Counter

import pytest
import urllib3

from e2e.support.kubectl import Kubectl
from e2e.support.shop import Shop, forward
from e2e.support.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

# `make test-idle` watches for ten minutes; `make test` does it in short.
IDLE_SECONDS = int(os.environ.get("IDLE_SECONDS", "60"))

WRITES = {"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}
# What Kubernetes itself writes for ever: heartbeats, its own events and the token requests of the node.
KUBERNETES_OWN = {"leases", "events", "nodes", "serviceaccounts", "tokenreviews", "subjectaccessreviews"}


def writes(kubectl: Kubectl) -> Counter[str]:
    """Return how many writes the API server has served, by verb and resource, without Kubernetes' own."""
    counts: Counter[str] = Counter()
    for line in kubectl.metrics().splitlines():
        if not line.startswith("apiserver_request_total{"):
            continue
        labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
        if labels["verb"] in WRITES and labels["resource"] not in KUBERNETES_OWN:
            counts[f"{labels['verb']} {labels['resource']}/{labels['subresource']}"] += int(float(line.split()[-1]))
    return counts


def operator_writes(operator: Kubectl) -> int:
    """Return how many writes the operator itself says that it has sent."""
    pod = operator.list("pods", "app.kubernetes.io/name=shop-operator")[0]["metadata"]["name"]
    with forward(operator, f"pod/{pod}", 9090) as port:
        text = urllib3.request("GET", f"http://127.0.0.1:{port}/metrics").data.decode()
    pattern = r'^shopkeeper_api_requests_total\{[^}]*verb="(?:POST|PUT|PATCH|DELETE)"[^}]*\} (\S+)$'
    return sum(int(float(count)) for count in re.findall(pattern, text, re.MULTILINE))


@pytest.mark.usefixtures("undisturbed")
def test_no_write_at_rest(cluster: Kubectl, operator: Kubectl, shop: Shop) -> None:
    def settled() -> bool:
        before = writes(cluster)
        time.sleep(5)  # the length of the observation, not a wait
        return writes(cluster) == before

    eventually(settled, "the cluster has come to rest", 180)
    before, own = writes(cluster), operator_writes(operator)

    time.sleep(IDLE_SECONDS)  # the length of the observation, not a wait

    assert writes(cluster) - before == Counter()
    assert operator_writes(operator) == own


def quantity(text: str) -> float:
    """Return a Kubernetes quantity as a number of CPUs or bytes."""
    units = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    found = re.fullmatch(r"([\d.]+)(m|Ki|Mi|Gi)?", text)
    assert found is not None, text
    return float(found.group(1)) * units.get(found.group(2) or "", 1)


def test_small_profile_fits_a_small_machine(shop: Shop) -> None:
    containers = [
        c for pod in shop.children("pods") if pod["status"]["phase"] == "Running" for c in pod["spec"]["containers"]
    ]
    requests = [container["resources"]["requests"] for container in containers]

    assert sum(quantity(r["cpu"]) for r in requests) <= 0.5
    assert sum(quantity(r["memory"]) for r in requests) <= 1.5 * 2**30


def working_set(kubectl: Kubectl, selector: str) -> dict[str, float]:
    """Return the memory in use of each pod, in MiB, as metrics-server reports it."""
    lines = kubectl("top", "pods", "-l", selector, "--no-headers").splitlines()
    return {line.split()[0]: quantity(line.split()[2]) / 2**20 for line in lines}


def test_idle_memory_and_restarts(operator: Kubectl, shop: Shop) -> None:
    selector = f"app.kubernetes.io/instance={shop.name},app.kubernetes.io/component=service"
    services = eventually(
        lambda: working_set(shop.kubectl, selector) if shop.kubectl.run("top", "pods").returncode == 0 else None,
        "metrics-server reports the Shop's pods",
        120,
    )
    manager = working_set(operator, "app.kubernetes.io/name=shop-operator")

    assert {name: mib for name, mib in services.items() if mib > 70} == {}
    assert {name: mib for name, mib in manager.items() if mib > 150} == {}
    restarts = {
        pod["metadata"]["name"]: [status["restartCount"] for status in pod["status"]["containerStatuses"]]
        for pod in shop.children("pods")
    }
    assert {name: counts for name, counts in restarts.items() if any(counts)} == {}
