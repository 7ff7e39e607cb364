"""metrics-server: what autoscalers and `kubectl top` read."""

from __future__ import annotations

from e2e.cluster import shell
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.progress import Progress
from e2e.cluster.shell import CommandFailed, Problem
from e2e.cluster.tools import Tools

MODULE = "sigs.k8s.io/metrics-server"
API = "v1beta1.metrics.k8s.io"
AVAILABLE = '{.status.conditions[?(@.type=="Available")].status}'
VALUES = (
    # kind's kubelets have certificates that nobody signed.
    "args={--kubelet-insecure-tls}",
    "resources.requests.cpu=25m",
    "resources.requests.memory=64Mi",
)


def available(kubectl: Kubectl) -> bool:
    """Whether the metrics API is there and served."""
    try:
        return kubectl.run("get", "apiservice", API, "--output", f"jsonpath={AVAILABLE}") == "True"
    except CommandFailed:
        return False


def ensure(kubectl: Kubectl, tools: Tools, progress: Progress) -> None:
    """Install metrics-server by its own chart where the metrics API is missing. Raises Problem."""
    if available(kubectl):
        return
    with progress.step("Install metrics-server") as step:
        chart = tools.module_folder(MODULE) / "charts" / "metrics-server"
        values = [*VALUES, f"image.tag={tools.pinned[MODULE]}"]
        command = [
            str(tools.program("helm")),
            "upgrade",
            "--install",
            "metrics-server",
            str(chart),
            "--kube-context",
            kubectl.context,
            "--namespace",
            "kube-system",
            *(part for value in values for part in ("--set", value)),
        ]
        try:
            shell.run(command)
            step.update("wait until it has read the first metrics")
            kubectl.run("wait", "--for=condition=Available", f"apiservice/{API}", "--timeout=180s", timeout=200)
        except CommandFailed as error:
            raise Problem(f"metrics-server could not be installed\n{error}") from error
