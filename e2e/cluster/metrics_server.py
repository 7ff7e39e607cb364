"""metrics-server: what autoscalers and `kubectl top` read."""

from __future__ import annotations

from e2e.cluster import shell
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.progress import Progress
from e2e.cluster.shell import CommandFailed, Problem
from e2e.cluster.tools import Tools

MODULE = "sigs.k8s.io/metrics-server"
NAME = "metrics-server"
NAMESPACE = "kube-system"
API = "v1beta1.metrics.k8s.io"
AVAILABLE = '{.status.conditions[?(@.type=="Available")].status}'
VALUES = (
    # kind's kubelets have certificates that nobody signed. Autoscalers see load sooner than by the default of 15 s,
    # which must be longer than the time that a kubelet has to answer.
    "args={--kubelet-insecure-tls,--metric-resolution=10s,--kubelet-request-timeout=5s}",
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
    """Install metrics-server by its own chart where it is missing, and wait until it serves. Raises Problem."""
    if available(kubectl):
        return
    _install(kubectl, tools, progress)
    with progress.step("Wait for the first metrics"):
        try:
            kubectl.run("wait", "--for=condition=Available", f"apiservice/{API}", "--timeout=180s", timeout=200)
        except CommandFailed as error:
            logs = f"kubectl --context {kubectl.context} --namespace {NAMESPACE} logs deployment/{NAME}"
            raise Problem(f"metrics-server serves no metrics: `{logs}` says more\n{error}") from error


def _install(kubectl: Kubectl, tools: Tools, progress: Progress) -> None:
    chart = tools.module_folder(MODULE) / "charts" / "metrics-server"
    values = [*VALUES, f"image.tag={tools.pinned[MODULE]}"]
    command = [
        *(str(tools.program("helm")), "upgrade", "--install", NAME, str(chart)),
        *("--kube-context", kubectl.context, "--namespace", NAMESPACE),
        *(part for value in values for part in ("--set", value)),
    ]
    with progress.step("Install metrics-server"):
        try:
            shell.run(command)
        except CommandFailed as error:
            raise Problem(f"metrics-server could not be installed\n{error}") from error
