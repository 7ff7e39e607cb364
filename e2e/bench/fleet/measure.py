"""One size of fleet, measured: from the first Shop to Ready, at rest, after drift, after a restart."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from e2e.bench import cpu
from e2e.bench.fleet.client import Client, Sampler, replicate, resident_mib
from e2e.bench.fleet.objects import PLACEHOLDER, template
from e2e.bench.latency import percentile
from e2e.cluster.bringup import Machine
from e2e.support import control_plane
from e2e.support.control_plane import ControlPlane
from e2e.support.waiting import eventually

NAMESPACE = "fleet"
IDLE_SECONDS = 60
DRIFTS = 20
READY_TIMEOUT = 3600
SHOPS = f"/apis/shopkeeper.dev/v1alpha1/namespaces/{NAMESPACE}/shops"
# Kinds by which a Shop's objects are counted and copied; pods and what controllers make are not the operator's.
OWNED = (
    "secrets",
    "configmaps",
    "serviceaccounts",
    "services",
    "persistentvolumeclaims",
    "networkpolicies.networking.k8s.io",
    "statefulsets.apps",
    "deployments.apps",
    "jobs.batch",
    "poddisruptionbudgets.policy",
    "horizontalpodautoscalers.autoscaling",
)


@dataclass(frozen=True)
class Operator:
    """A running operator.

    Attributes:
        process: its first process.
        metrics_url: where its metrics are; empty where it has none.
    """

    process: subprocess.Popen[bytes]
    metrics_url: str

    def metric(self, pattern: str) -> float:
        """Return the sum of the samples whose line matches."""
        text = urllib3.request("GET", self.metrics_url + "/metrics").data.decode()
        return sum(float(line.split()[-1]) for line in text.splitlines() if re.match(pattern, line))

    def in_sync(self, shops: int) -> bool:
        """Tell whether it has looked at that many Shops, and none waits."""
        looked = self.metric(r"shopkeeper_reconciles_total\{")
        return looked >= shops and self.metric(r"shopkeeper_queue_depth ") == 0

    def writes(self) -> int:
        """Return how many writes it says that it has sent."""
        return int(self.metric(r'shopkeeper_api_requests_total\{.*verb="(POST|PUT|PATCH|DELETE)"'))


@contextmanager
def cluster(machine: Machine, root: Path) -> Iterator[tuple[ControlPlane, Client]]:
    """Run a control plane with the Shop's definition and an empty namespace."""
    with tempfile.TemporaryDirectory() as folder, control_plane.running(machine.tools, Path(folder), nodes=4) as plane:
        kubectl = plane.kubectl()
        kubectl("apply", "--server-side", "-f", str(root / "charts/shop-operator/files/shops.shopkeeper.dev.yaml"))
        kubectl("wait", "--for=condition=Established", "crd/shops.shopkeeper.dev", "--timeout=30s")
        kubectl("create", "namespace", NAMESPACE)
        yield plane, Client(plane)


@contextmanager
def ours(plane: ControlPlane, machine: Machine, workers: int = 4) -> Iterator[Operator]:
    """Run our operator against a control plane."""
    metrics, health = control_plane.free_ports(2)
    environ = {
        "KUBECONFIG": str(plane.kubeconfig),
        "CHART_DIR": str(machine.paths.root / "charts" / "shop"),
        "HELM": str(machine.tools.program("helm")),
        "METRICS_PORT": str(metrics),
        "LIVENESS_PORT": str(health),
        "WORKERS": str(workers),
        "LOG_LEVEL": "WARNING",
        "POD_NAMESPACE": "default",
    }
    with _process([sys.executable, "-m", "e2e.bench.fleet.ours"], environ, plane.folder / "operator.log") as process:
        url = f"http://127.0.0.1:{metrics}"
        eventually(lambda: _ready(process, url, plane.folder), "the operator has listed all objects", 300)
        yield Operator(process, url)


@contextmanager
def reference(plane: ControlPlane, objects: Path) -> Iterator[Operator]:
    """Run the reference operator against a control plane."""
    environ = {"KUBECONFIG": str(plane.kubeconfig), "BENCH_OBJECTS": str(objects)}
    command = [
        sys.executable,
        "-m",
        "kopf",
        "run",
        "--all-namespaces",
        "--standalone",
        "--quiet",
        "-m",
        "e2e.bench.fleet.reference",
    ]
    with _process(command, environ, plane.folder / "reference.log") as process:
        yield Operator(process, "")


@contextmanager
def _process(command: list[str], environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(command, env={**os.environ, **environ}, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.wait()


def _ready(process: subprocess.Popen[bytes], url: str, folder: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the operator ended:\n{(folder / 'operator.log').read_text()[-3000:]}")
    try:
        return urllib3.request("GET", f"{url}/readyz", retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def names(count: int) -> list[str]:
    """Return the names of the Shops."""
    return [f"shop-{number:04}" for number in range(count)]


def shop(name: str) -> dict[str, Any]:
    """Return an empty Shop."""
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "shopkeeper.dev/v1alpha1", "kind": "Shop", "metadata": metadata, "spec": {}}


def create(client: Client, operator: Operator, count: int) -> dict[str, float]:
    """Create Shops and wait until all are Ready."""
    sampler, used, began = Sampler(operator.process.pid), cpu.of_trees([operator.process.pid]), time.perf_counter()
    client.create_all((NAMESPACE, shop(name)) for name in names(count))
    posted = time.perf_counter() - began
    eventually(lambda: _ready_count(client) == count, f"{count} Shops are Ready", READY_TIMEOUT)
    seconds = time.perf_counter() - began
    sampler.stop()
    return {
        "shops": count,
        "seconds": seconds,
        "posting_seconds": posted,
        "shops_per_minute": count / seconds * 60,
        "cpu_seconds": cpu.of_trees([operator.process.pid]) - used,
        "peak_mib": sampler.peak_mib,
    }


def _ready_count(client: Client) -> int:
    return sum(
        any(
            entry["type"] == "Ready" and entry["status"] == "True"
            for entry in item.get("status", {}).get("conditions", [])
        )
        for item in client.list(SHOPS)
    )


def children(plane: ControlPlane) -> list[dict[str, Any]]:
    """Return all objects that operators made in the namespace."""
    found: list[dict[str, Any]] = (
        plane.kubectl().within(NAMESPACE).list(",".join(OWNED), "app.kubernetes.io/part-of=shopkeeper")
    )
    return found


def at_rest(operator: Operator) -> dict[str, float]:
    """Watch the operator while nothing happens."""
    eventually(lambda: operator.metric(r"shopkeeper_queue_depth ") == 0, "the queue is empty", 300)
    writes, used, began = operator.writes(), cpu.of_trees([operator.process.pid]), time.perf_counter()
    time.sleep(IDLE_SECONDS)  # the length of the observation
    seconds = time.perf_counter() - began
    return {
        "idle_writes": operator.writes() - writes,
        "idle_cpu_share": (cpu.of_trees([operator.process.pid]) - used) / seconds,
        "idle_mib": resident_mib(operator.process.pid),
    }


def drift(client: Client, count: int) -> dict[str, float]:
    """Change one Deployment's image at a time, and time how long it takes to be repaired."""
    chance = random.Random(count)  # noqa: S311
    taken: list[float] = []
    for name in chance.choices(names(count), k=DRIFTS):
        where = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}-products"
        wanted = client.request("GET", where)["spec"]["template"]["spec"]["containers"][0]["image"]
        change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "drifted:1"}]
        began = time.perf_counter()
        client.request("PATCH", where, change, "application/json-patch+json")
        while client.request("GET", where)["spec"]["template"]["spec"]["containers"][0]["image"] != wanted:
            if time.perf_counter() - began > 60:
                raise AssertionError(f"{name}-products was not repaired within 60 s")
            time.sleep(0.01)
        taken.append(time.perf_counter() - began)
    return {"drift_p50": statistics.median(taken), "drift_p99": percentile(sorted(taken), 0.99)}


def fleet(machine: Machine, count: int) -> dict[str, float]:
    """Measure our operator with a number of Shops."""
    with cluster(machine, machine.paths.root) as (plane, client):
        with ours(plane, machine) as operator:
            found = create(client, operator, count)
            found |= {"writes": operator.writes(), "children": len(children(plane))}
            found |= at_rest(operator)
            found |= drift(client, count)
        began = time.perf_counter()
        with ours(plane, machine) as operator:
            eventually(lambda: operator.in_sync(count), "every Shop was looked at again", 600)
            found["restart_seconds"] = time.perf_counter() - began
            found["restart_writes"] = operator.writes()
    return {**found, "writes_per_child": found["writes"] / found["children"],
            "cpu_ms_per_child": found["cpu_seconds"] / found["children"] * 1000}  # fmt: skip


def one_shops_objects(machine: Machine) -> list[dict[str, Any]]:
    """Return the objects that our operator makes for one Shop, as a template."""
    with cluster(machine, machine.paths.root) as (plane, client), ours(plane, machine):
        client.create_all([(NAMESPACE, shop(PLACEHOLDER))])
        eventually(lambda: _ready_count(client) == 1, "one Shop is Ready", 120)
        found = [item for item in children(plane) if item["kind"] != "PersistentVolumeClaim"]
        return template(found)


def plain(machine: Machine, objects: list[dict[str, Any]], count: int) -> dict[str, float]:
    """Measure the reference operator with a number of Shops, on the same objects."""
    with cluster(machine, machine.paths.root) as (plane, client):
        file = plane.folder / "objects.json"
        file.write_text(json.dumps(objects))
        with reference(plane, file) as operator:
            found = create(client, operator, count)
            found["children"] = len(children(plane))
    return {**found, "cpu_ms_per_child": found["cpu_seconds"] / max(1, found["children"]) * 1000}


def bare(machine: Machine, objects: list[dict[str, Any]], count: int) -> dict[str, float]:
    """Measure how fast the API server takes the same objects from a client that does nothing else."""
    with cluster(machine, machine.paths.root) as (_, client):
        manifests = replicate(objects, names(count), NAMESPACE)
        seconds = client.create_all(manifests)
        return {"objects": len(manifests), "seconds": seconds, "per_second": len(manifests) / seconds}
