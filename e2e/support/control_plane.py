"""A real Kubernetes control plane as processes on the loopback interface, with fake nodes on which pods become ready.

etcd, API server, controller manager and scheduler are the programs of `make cluster`; kwok plays the kubelets. For what
a cluster with real pods is too small for, and for tests that stop or freeze its parts.
"""

from __future__ import annotations

import json
import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from e2e.cluster.tools import Tools
from e2e.support.kubectl import Kubectl
from e2e.support.waiting import eventually

CONTEXT = "loopback"
START_SECONDS = 60
STOP_SECONDS = 15
PODS_PER_NODE = 4000
STAGES = Path(__file__).with_name("kwok-stages.yaml")
VOLUME_PLUGINS = ("VolumeBinding", "VolumeZone", "VolumeRestrictions", "NodeVolumeLimits")
LINKED = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


@dataclass
class ControlPlane:
    """A running control plane.

    Attributes:
        folder: logs, data and the kubeconfig.
        url: the API server.
        commands: how each part is started.
        processes: the parts that run.
    """

    folder: Path
    url: str
    commands: Mapping[str, Sequence[str]]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.folder / "kubeconfig"

    def kubectl(self) -> Kubectl:
        """Return kubectl for this cluster."""
        return Kubectl(context=CONTEXT, kubeconfig=str(self.kubeconfig))

    def start(self, part: str) -> None:
        """Start a part; it does not wait until it answers."""
        with (self.folder / f"{part}.log").open("ab") as log:
            self.processes[part] = subprocess.Popen(self.commands[part], stdout=log, stderr=subprocess.STDOUT)

    def stop(self, part: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End a part and wait until it has ended."""
        process = self.processes.pop(part)
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait_ready(self) -> None:
        """Wait until the API server says that it is ready. Raises AssertionError with the end of its log."""
        kubectl = self.kubectl()

        def ready() -> bool:
            dead = [part for part, process in self.processes.items() if process.poll() is not None]
            if dead:
                raise RuntimeError(f"{dead[0]} ended:\n{(self.folder / f'{dead[0]}.log').read_text()[-3000:]}")
            return kubectl.run("get", "--raw", "/readyz").returncode == 0

        eventually(ready, "the API server is ready", START_SECONDS)


@contextmanager
def running(tools: Tools, folder: Path, *, nodes: int) -> Iterator[ControlPlane]:
    """Run a control plane with fake nodes until the block ends.

    Args:
        tools: where the programs come from; what is missing is built.
        folder: an empty folder for its files.
        nodes: how many fake nodes.
    """
    tools.ensure(("etcd", "kubernetes", "kubectl", "kwok"))
    plane = _prepare(tools.bin, folder)
    try:
        plane.start("etcd")
        plane.start("kube-apiserver")
        plane.wait_ready()
        for part in ("kube-controller-manager", "kube-scheduler", "kwok"):
            plane.start(part)
        plane.kubectl().apply(*(node(number) for number in range(nodes)))
        yield plane
    finally:
        for part in reversed(list(plane.processes)):
            plane.stop(part)


def node(number: int) -> dict[str, object]:
    """Return a fake node."""
    room = {"cpu": "4000", "memory": "8Ti", "pods": str(PODS_PER_NODE)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"fake-{number}",
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"kubernetes.io/hostname": f"fake-{number}", "type": "kwok"},
        },
        "status": {"allocatable": room, "capacity": room},
    }


def _prepare(programs: Path, folder: Path) -> ControlPlane:
    etcd, peers, api, manager, scheduler = free_ports(5)
    token, url = secrets.token_hex(16), f"https://127.0.0.1:{api}"
    for name in LINKED:
        (folder / name).symlink_to(programs / "kubernetes")
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "service-accounts.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    # The API server makes its certificate, and writes the authority's beside it.
    authority = folder / "certificates" / "apiserver.crt"
    (folder / "kubeconfig").write_text(json.dumps(_kubeconfig(url, token, authority)))
    (folder / "scheduler.json").write_text(json.dumps(_scheduling(folder)))
    commands = {
        "etcd": [
            str(programs / "etcd"),
            f"--data-dir={folder / 'etcd'}",
            f"--listen-client-urls=http://127.0.0.1:{etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peers}",
            "--quota-backend-bytes=8589934592",
            "--log-level=warn",
        ],
        "kube-apiserver": [
            str(folder / "kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            "--bind-address=127.0.0.1",
            f"--secure-port={api}",
            f"--cert-dir={folder / 'certificates'}",
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC",
            "--service-cluster-ip-range=10.96.0.0/12",
            f"--service-account-issuer={url}",
            f"--service-account-key-file={folder / 'service-accounts.pem'}",
            f"--service-account-signing-key-file={folder / 'service-accounts.pem'}",
            "--event-ttl=5m",
        ],
        "kube-controller-manager": [
            str(folder / "kube-controller-manager"),
            f"--kubeconfig={folder / 'kubeconfig'}",
            f"--secure-port={manager}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={folder / 'manager'}",
            f"--service-account-private-key-file={folder / 'service-accounts.pem'}",
            "--leader-elect=false",
            "--kube-api-qps=1000",
            "--kube-api-burst=1000",
        ],
        "kube-scheduler": [
            str(folder / "kube-scheduler"),
            f"--config={folder / 'scheduler.json'}",
            f"--secure-port={scheduler}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={folder / 'scheduler'}",
        ],
        "kwok": [
            str(programs / "kwok"),
            f"--kubeconfig={folder / 'kubeconfig'}",
            f"--config={STAGES}",
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
        ],
    }
    return ControlPlane(folder, url, commands)


def _kubeconfig(url: str, token: str, authority: Path) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": {"server": url, "certificate-authority": str(authority)}}],
        "users": [{"name": CONTEXT, "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
    }


def _scheduling(folder: Path) -> dict[str, object]:
    """Return the scheduler's configuration: nobody makes volumes here, so pods do not wait for theirs."""
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(folder / "kubeconfig"), "qps": 1000, "burst": 1000},
        "leaderElection": {"leaderElect": False},
        "profiles": [{"plugins": {"multiPoint": {"disabled": [{"name": name} for name in VOLUME_PLUGINS]}}}],
    }


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
