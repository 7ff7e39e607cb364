"""From whatever is there to a cluster that works: finds what is missing and mends just that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from e2e.cluster import engine, kind, kind_config, metrics_server, preflight
from e2e.cluster.bases import Bases
from e2e.cluster.docker import Docker
from e2e.cluster.kind import Kind
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.node_image import NodeImages
from e2e.cluster.paths import Paths
from e2e.cluster.progress import Progress
from e2e.cluster.registry import Registry
from e2e.cluster.shell import Problem
from e2e.cluster.tools import CLIENTS, Tools

DEFAULT_CLASS = (
    'jsonpath={.items[?(@.metadata.annotations.storageclass\\.kubernetes\\.io/is-default-class=="true")].metadata.name}'
)


@dataclass(frozen=True)
class Machine:
    """The parts of a bring-up on this machine, made when they are first asked for."""

    paths: Paths
    progress: Progress

    @cached_property
    def docker(self) -> Docker:
        """A client to the engine, which is installed and started if need be."""
        return engine.ensure(self.paths, self.progress)

    @cached_property
    def tools(self) -> Tools:
        """The Go programs."""
        return Tools(self.paths, self.progress)

    @cached_property
    def registry(self) -> Registry:
        """The image registry."""
        return Registry(self.docker, self.progress)

    @cached_property
    def bases(self) -> Bases:
        """The base images."""
        return Bases(self.docker, self.registry, self.paths, self.progress)

    @cached_property
    def kind(self) -> Kind:
        """Our kind cluster."""
        return Kind(self.docker, self.tools, self.paths, self.progress)


def ensure(machine: Machine, context: str | None) -> Kubectl:
    """A cluster that answers and has a default storage class: that of `context`, else ours. Then comes `metrics`.

    Raises Problem with the cause and the fix.
    """
    if context and context != kind.CONTEXT:
        return _foreign(machine, context)
    cluster = _own(machine)
    _storage(machine, cluster)
    return cluster


def metrics(machine: Machine, cluster: Kubectl) -> None:
    """See to it that a cluster serves metrics; only ours is mended. Raises Problem."""
    if cluster.context == kind.CONTEXT:
        metrics_server.ensure(cluster, machine.tools, machine.progress)
    elif not metrics_server.available(cluster):
        raise Problem(
            f"the cluster {cluster.context!r} has no metrics API, which autoscalers need: install metrics-server"
        )


def _foreign(machine: Machine, context: str) -> Kubectl:
    machine.tools.ensure(CLIENTS)
    cluster = Kubectl(machine.tools.program("kubectl"), context)
    if not cluster.answers():
        raise Problem(
            f"the cluster of the kube context {context!r} (from CLUSTER) does not answer: "
            "`kubectl config get-contexts` lists the contexts; without CLUSTER a kind cluster is used"
        )
    return cluster


def _own(machine: Machine) -> Kubectl:
    state = machine.kind.state()
    if state in ("absent", "half"):
        _create(machine, half=state == "half")
    machine.tools.ensure(CLIENTS)
    cluster = Kubectl(machine.tools.program("kubectl"), kind.CONTEXT)
    if state == "stopped":
        _need_ports()
        machine.kind.start(cluster)
    machine.kind.check_ports()
    if not cluster.answers():
        with machine.progress.step("Wait for the cluster to answer"):
            machine.kind.write_kubeconfig()
            kind.wait_ready(cluster, kind.READY_SECONDS)
    if state in ("absent", "half"):
        # One node needs no second DNS server, and its requests are room for pods.
        cluster.run("scale", "deployment", "coredns", "--namespace", "kube-system", "--replicas=1")
    return cluster


def _create(machine: Machine, *, half: bool) -> None:
    preflight.disk([machine.paths.cache, machine.docker.root()], preflight.CREATE_GIB)
    images = NodeImages(machine.docker, machine.registry, machine.bases, machine.tools, machine.paths, machine.progress)
    if half:
        machine.progress.note("  the cluster was never finished, so it is made anew")
        machine.kind.delete()
    _need_ports()
    # The official image's systemd does not boot on cgroup v1.
    image = images.ensure(may_pull=kind.CGROUP_V2.exists())
    machine.kind.create(image)


def _need_ports() -> None:
    for port in kind_config.PORTS:
        preflight.port("127.0.0.1", port)


def _storage(machine: Machine, cluster: Kubectl) -> None:
    if cluster.run("get", "storageclass", "--output", DEFAULT_CLASS):
        return
    with machine.progress.step("Restore the default storage class"):
        manifest = machine.docker.run("exec", kind.NODE, "cat", "/kind/manifests/default-storage.yaml")
        cluster.run("apply", "--filename", "-", stdin=manifest)
