"""charts/shop by hand, without the operator: secrets and databases are made first by the documented scripts."""

import os
import subprocess
from pathlib import Path

import pytest

from e2e.support.kubectl import Kubectl
from e2e.support.shop import SERVICES, Shop
from e2e.support.waiting import eventually

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "docs" / "examples" / "helm-only"


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def release_of(operator: Kubectl) -> str:
    """Return the image tag that the cluster holds."""
    image: str = operator.list("deployments", "app.kubernetes.io/name=shop-operator")[0]["spec"]["template"]["spec"][
        "containers"
    ][0]["image"]
    return image.rpartition(":")[2]


def test_chart_installs_without_the_operator(operator: Kubectl, namespace: Kubectl) -> None:
    scope = ["--context", namespace.context, "--namespace", namespace.namespace]
    helm = [
        os.environ.get("HELM", "helm"),
        "--kube-context",
        namespace.context,
        "--namespace",
        namespace.namespace,
    ]
    shop = Shop("solo", namespace)

    run(str(SCRIPTS / "secrets.sh"), "solo", *scope)
    run(
        *helm,
        "install",
        "solo",
        str(ROOT / "charts" / "shop"),
        "--set",
        f"global.imageTag={release_of(operator)},gateway.rateLimit.requestsPerMinute=0",
    )
    eventually(
        lambda: namespace.get("statefulset", "solo-postgres")["status"].get("readyReplicas") == 1,
        "PostgreSQL is ready",
        120,
    )
    run(str(SCRIPTS / "databases.sh"), "solo", *scope)
    namespace("wait", "--for=condition=Available", "deployment", "--all", "--timeout=180s", timeout=200)

    # Beside the services the gateway, and the mail server for development.
    assert len(shop.children("deployments")) == len(SERVICES) + 2
    assert "Phase:          Succeeded" in run(*helm, "test", "solo", "--timeout", "120s")
    run(*helm, "uninstall", "solo", "--wait", "--timeout", "120s")
    assert shop.children("deployments,services,jobs,configmaps") == []
