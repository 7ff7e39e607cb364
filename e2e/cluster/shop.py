"""The operator and the sample Shop on a cluster."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from e2e.cluster import shell
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.progress import Progress, Step
from e2e.cluster.shell import CommandFailed, Problem
from e2e.cluster.tools import Tools

OPERATOR_NAMESPACE = "shopkeeper-system"
NAMESPACE = "demo"
NAME = "demo"
EXAMPLE = Path("docs/examples/demo.yaml")
CATALOGUE = Path("docs/examples/catalogue/catalogue.csv")
NEXT_COMMANDS = Path(__file__).with_name("next-commands.txt")
READY_SECONDS = 600.0
HELM_TIMEOUT = "300s"


def condition(shop: dict[str, Any], kind: str) -> dict[str, Any]:
    """A condition of a Shop's status, empty where it has none of that type."""
    conditions: list[dict[str, Any]] = shop.get("status", {}).get("conditions", [])
    return next((entry for entry in conditions if entry["type"] == kind), {})


def is_ready(shop: dict[str, Any]) -> bool:
    """Whether a Shop is ready as it stands, not as it stood before its last change."""
    observed = shop.get("status", {}).get("observedGeneration")
    return bool(observed == shop["metadata"]["generation"] and condition(shop, "Ready").get("status") == "True")


def summary(shop: dict[str, Any]) -> str:
    """Where a Shop stands, in a few words."""
    ready, status = condition(shop, "Ready"), shop.get("status", {})
    said = ready.get("message") or status.get("phase") or "waiting for the operator"
    services = status.get("servicesReady")
    return f"{services} services, {said}" if services else str(said)


def install_operator(root: Path, cluster: Kubectl, tools: Tools, tag: str, registry: str, progress: Progress) -> None:
    """Install or upgrade the operator by its chart, and wait until it runs. Raises Problem."""
    command = [
        str(tools.program("helm")),
        "upgrade",
        "--install",
        "shop-operator",
        str(root / "charts" / "shop-operator"),
        "--kube-context",
        cluster.context,
        "--namespace",
        OPERATOR_NAMESPACE,
        "--create-namespace",
        "--set-string",
        f"image.tag={tag}",
        "--wait",
        "--timeout",
        HELM_TIMEOUT,
    ]
    if registry:
        command += ["--set-string", f"image.registry={registry}"]
    with progress.step(f"Install the operator {tag}"):
        try:
            shell.run(command)
        except CommandFailed as error:
            raise Problem(f"the operator could not be installed\n{error}\n{_pods(cluster)}") from error


def _pods(cluster: Kubectl) -> str:
    try:
        return cluster.run("get", "pods", "--namespace", OPERATOR_NAMESPACE, "--output", "wide")
    except Problem as problem:
        return str(problem)


def before_sample(catalogue: str) -> list[dict[str, Any]]:
    """The objects that the sample Shop needs: its namespace, and a ConfigMap with its catalogue."""
    metadata = {"name": f"{NAME}-catalog", "namespace": NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {CATALOGUE.name: catalogue}},
    ]


def apply_sample(root: Path, cluster: Kubectl, progress: Progress) -> str:
    """Apply the sample Shop and wait until it is ready; returns its URL. Raises Problem."""
    with progress.step(f"The sample Shop {NAMESPACE}/{NAME}") as step:
        for item in before_sample((root / CATALOGUE).read_text(encoding="utf-8")):
            cluster.run("apply", "--filename", "-", stdin=json.dumps(item))
        cluster.run("apply", "--namespace", NAMESPACE, "--filename", str(root / EXAMPLE))
        return _wait(cluster, step)


def _wait(cluster: Kubectl, step: Step) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        shop = json.loads(cluster.run("get", "shop", NAME, "--namespace", NAMESPACE, "--output", "json"))
        if is_ready(shop):
            return str(shop["status"].get("url", ""))
        step.update(summary(shop))
        if time.monotonic() > deadline:
            raise Problem(
                f"the Shop was not ready within {READY_SECONDS:.0f} s: {summary(shop)}. "
                f"`kubectl describe shop {NAME} -n {NAMESPACE}` says more"
            )
        time.sleep(1)


def next_commands(url: str, context: str, programs: Path) -> str:
    """What to try with the sample Shop at `url`."""
    text = NEXT_COMMANDS.read_text(encoding="utf-8")
    values = {"URL": url, "CONTEXT": context, "NAME": NAME, "NAMESPACE": NAMESPACE, "BIN": str(programs)}
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
