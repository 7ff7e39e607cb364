"""The kind cluster: created, started again after the machine was, and deleted."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from e2e.cluster import kind_config, shell
from e2e.cluster.docker import Docker
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.node_image import NodeImage
from e2e.cluster.paths import Paths
from e2e.cluster.progress import Progress, Step
from e2e.cluster.shell import CommandFailed, Problem
from e2e.cluster.tools import Tools

NAME = "shopkeeper"
CONTEXT = f"kind-{NAME}"
NODE = f"{NAME}-control-plane"
NETWORK = "kind"
# Written into the node when it is complete, so that an interrupted creation is seen.
MARK = "/kind/shopkeeper"
CREATE_WAIT = "180s"
READY_SECONDS = 180.0
CGROUP_V2 = Path("/sys/fs/cgroup/cgroup.controllers")


class Kind:
    """Our one cluster."""

    def __init__(self, docker: Docker, tools: Tools, paths: Paths, progress: Progress) -> None:
        self._docker, self._tools, self._paths, self._progress = docker, tools, paths, progress
        self._patches = Path(__file__).parent / "kubeadm"

    def state(self) -> str:
        """`absent`, `stopped`, `running`, or `half` where its creation did not come to its end."""
        state = self._docker.container_state(NODE)
        if state is None:
            return "absent"
        try:
            # Also from a stopped container.
            self._docker.run("cp", f"{NODE}:{MARK}", "-")
        except CommandFailed:
            return "half"
        return "running" if state == "running" else "stopped"

    def create(self, image: NodeImage) -> None:
        """Create the cluster. Raises Problem where that fails; what is left of it is deleted by the next run."""
        settings = kind_config.config(
            official_image=image.official, cgroup_v1=not CGROUP_V2.exists(), patches=self._patches
        )
        self._paths.scratch.mkdir(parents=True, exist_ok=True)
        with (
            self._progress.step(f"Create the cluster {NAME}") as step,
            tempfile.TemporaryDirectory(dir=self._paths.scratch) as folder,
        ):
            file = Path(folder) / "kind.json"
            file.write_text(json.dumps(settings))
            try:
                self._follow(
                    [
                        "create",
                        "cluster",
                        "--name",
                        NAME,
                        "--image",
                        image.reference,
                        "--config",
                        str(file),
                        "--wait",
                        CREATE_WAIT,
                    ],
                    step,
                )
            except CommandFailed as error:
                raise Problem(f"kind could not create the cluster\n{error}") from error
            self._docker.run("exec", "-i", NODE, "cp", "/dev/stdin", MARK, stdin=f"{image.reference}\n")

    def start(self, kubectl: Kubectl) -> None:
        """Start the stopped node, and wait for it to be ready."""
        with self._progress.step(f"Start the stopped node of the cluster {NAME}") as step:
            self._docker.run("start", NODE)
            self.write_kubeconfig()
            step.update("wait for the node to be ready")
            wait_ready(kubectl, READY_SECONDS)

    def check_ports(self) -> None:
        """Raise Problem where the node, made by an earlier version of this program, lacks one of the shop's ports."""
        mapped = self._docker.run("port", NODE)
        lacking = [str(port) for port, node_port in kind_config.PORTS.items() if f"{node_port}/tcp" not in mapped]
        if lacking:
            raise Problem(
                f"the cluster {NAME} was made by an earlier version, which did not forward port {', '.join(lacking)}: "
                "`make down` removes it with the shops on it, then run this again to make it anew"
            )

    def write_kubeconfig(self) -> None:
        """Put the cluster into the user's kubeconfig. The API server's port changes when the node restarts."""
        self._run("export", "kubeconfig", "--name", NAME)

    def delete(self) -> None:
        """Delete the cluster, whatever state it is in."""
        with self._progress.step(f"Delete the cluster {NAME}"):
            self._run("delete", "cluster", "--name", NAME)

    def _run(self, *args: str) -> None:
        shell.run([str(self._tools.program("kind")), *args], env={"PATH": self._docker.path()})

    def _follow(self, args: list[str], step: Step) -> None:
        shell.follow(
            [str(self._tools.program("kind")), *args],
            lambda line: step.update(line.strip(" •✓")),
            log=self._paths.logs / "kind.log",
            env={"PATH": self._docker.path()},
        )


def wait_ready(kubectl: Kubectl, limit: float) -> None:
    """Wait until the API server answers and every node is ready. Raises Problem after `limit` seconds."""
    deadline = time.monotonic() + limit
    while True:
        try:
            kubectl.run("get", "--raw", "/readyz", timeout=15)
            kubectl.run("wait", "--for=condition=Ready", "node", "--all", "--timeout=10s", timeout=15)
        except Problem as problem:
            if time.monotonic() > deadline:
                raise Problem(f"the node was not ready within {limit:.0f} s: {problem}") from problem
        else:
            return
        time.sleep(0.5)
