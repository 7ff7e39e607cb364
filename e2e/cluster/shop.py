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
        str(tools.program("helm")), "upgrade", "--install", "shop-operator", str(root / "charts" / "shop-operator"),
        "--kube-context", cluster.context, "--namespace", OPERATOR_NAMESPACE, "--create-namespace",
        "--set-string", f"image.tag={tag}", "--wait", "--timeout", HELM_TIMEOUT,
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


def apply_sample(root: Path, cluster: Kubectl, progress: Progress) -> str:
    """Apply the sample Shop and wait until it is ready; returns its URL. Raises Problem."""
    with progress.step(f"The sample Shop {NAMESPACE}/{NAME}") as step:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        cluster.run("apply", "--filename", "-", stdin=json.dumps(namespace))
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


def next_commands(url: str) -> str:
    """What to try with a shop at `url`."""
    return f"""
The shop is ready: {url}

Try it:
  # the administrator, whose password was generated
  email=$(kubectl get secret {NAME}-admin -n {NAMESPACE} -o jsonpath='{{.data.email}}' | base64 -d)
  password=$(kubectl get secret {NAME}-admin -n {NAMESPACE} -o jsonpath='{{.data.password}}' | base64 -d)
  admin=$(curl -s {url}/login --json "{{\\"email\\": \\"$email\\", \\"password\\": \\"$password\\"}}" | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
  product=$(curl -s {url}/products -H "Authorization: Bearer $admin" --json '{{"name": "Teapot", "price": 2490}}' | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
  curl -s {url}/inventory/$product -H "Authorization: Bearer $admin" --json '{{"quantity": 5}}'

  # a shopper
  curl -s {url}/register --json '{{"email": "ann@example.com", "password": "correct horse", "name": "Ann"}}'
  ann=$(curl -s {url}/login --json '{{"email": "ann@example.com", "password": "correct horse"}}' | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
  order=$(curl -s {url}/orders -H "Authorization: Bearer $ann" --json "{{\\"lines\\": [{{\\"product_id\\": \\"$product\\", \\"quantity\\": 2}}]}}" | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
  curl -s {url}/orders/$order/pay -H "Authorization: Bearer $ann" --json '{{"payment_method": "pm_card_approved"}}'
  curl -s {url}/inventory/$product

See it:
  kubectl get shop -n {NAMESPACE} -o wide
  make test     runs every test
  make down     removes it all
"""
