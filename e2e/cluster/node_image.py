"""The image of a kind node: the official one, or one built of Debian packages and our Go programs."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster import archive, parallel, preflight, shell
from e2e.cluster.bases import BOOKWORM, Bases
from e2e.cluster.docker import Docker
from e2e.cluster.paths import Paths
from e2e.cluster.progress import Progress, Step
from e2e.cluster.registry import Registry
from e2e.cluster.shell import CommandFailed, Problem
from e2e.cluster.tools import CLIENTS, NODE, Tools

# What kind's own release was tested with.
OFFICIAL = "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
REPOSITORY = "shopkeeper/kind-node"
PARTS = ("kubernetes", "etcd", "coredns", "pause", "metrics-server", "local-path")
# The archives that a Kubernetes release has; all our images are in the first.
RELEASE_ARCHIVES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
BINARIES = {"kubeadm": "kubernetes", "kubelet": "kubernetes", "kubectl": "kubectl"}


@dataclass(frozen=True)
class NodeImage:
    """An image of a node, and whether it is kind's official one."""

    reference: str
    official: bool


def metrics_server_image(tools: Tools) -> str:
    """The name under which metrics-server's image is published."""
    return f"registry.k8s.io/metrics-server/metrics-server:{tools.pinned['sigs.k8s.io/metrics-server']}"


def part_of(reference: str) -> str:
    """Which of our images stands in for one that kubeadm or kind asks for. Raises Problem for an unknown one."""
    name = reference.rsplit(":", 1)[0].rsplit("/", 1)[1]
    # The network of these nodes is in their base; kind wants its own to be there, and does not run it.
    known = {"kindnetd": "pause", "local-path-provisioner": "local-path", "local-path-helper": "local-path"}
    part = known.get(name, "kubernetes" if name.startswith("kube-") else name)
    if part not in PARTS:
        raise Problem(f"the node image needs {reference}, for which images/offline has no stand-in yet")
    return part


def wanted_by_kind(sources: str) -> list[str]:
    """The images that kind itself puts into a node, from the text of its sources."""
    return sorted(set(re.findall(r'"(docker\.io/kindest/(?:kindnetd|local-path-[a-z]+):[^"]+)"', sources)))


def sandbox(config: str) -> str:
    """The pause image in the text of containerd's configuration. Raises Problem where there is none."""
    found = re.search(r'sandbox_image\s*=\s*"([^"]+)"', config)
    if found is None:
        raise Problem("kind's containerd configuration names no sandbox_image; does images/offline fit this kind?")
    return found.group(1)


class NodeImages:
    """Makes sure that there is an image for a node."""

    def __init__(
        self, docker: Docker, registry: Registry, bases: Bases, tools: Tools, paths: Paths, progress: Progress
    ) -> None:
        self._docker, self._registry, self._bases = docker, registry, bases
        self._tools, self._paths, self._progress = tools, paths, progress
        self._recipe = paths.offline / "node"
        self.built = f"{REPOSITORY}:{tools.kubernetes_version}-{self._key()}"

    def ensure(self, *, may_pull: bool) -> NodeImage:
        """An image that is there: one that was built or pulled before, else pulled, else built.

        `may_pull` is False where the official image cannot run. Raises Problem where nothing works.
        """
        if self._docker.image_id(self.built) is not None:
            return NodeImage(self.built, official=False)
        if may_pull and (self._docker.image_id(OFFICIAL) is not None or self._registry.pull(OFFICIAL)):
            return NodeImage(OFFICIAL, official=True)
        self._build()
        return NodeImage(self.built, official=False)

    def _key(self) -> str:
        digest = hashlib.sha256(self._tools.key.encode())
        for file in sorted(self._recipe.iterdir()):
            digest.update(file.read_bytes())
        return digest.hexdigest()[:12]

    def _build(self) -> None:
        self._check_disk()
        # Our own images wait for helm, which is among the clients.
        self._tools.ensure(CLIENTS)
        # Compiling keeps the processors busy, the bases wait for the network.
        parallel.beside(lambda: self._tools.ensure(NODE), lambda: self._bases.ensure([BOOKWORM]))
        # An interrupted build leaves the container in which kind put a node together.
        remove_leftovers(self._docker)
        self._paths.scratch.mkdir(parents=True, exist_ok=True)
        with (
            self._progress.step(f"Build the node image {self.built}") as step,
            tempfile.TemporaryDirectory(prefix="node-", dir=self._paths.scratch) as folder,
        ):
            try:
                self._assemble(Path(folder), step)
            except CommandFailed as error:
                raise Problem(f"the node image could not be built\n{error}") from error
            self._docker.run("rmi", *(local(part) for part in PARTS))

    def _check_disk(self) -> None:
        if self._tools.missing(NODE):
            folders = [self._paths.cache, self._docker.root(), *self._tools.go_folders()]
            preflight.disk(folders, preflight.BUILD_GIB)

    def _assemble(self, folder: Path, step: Step) -> None:
        kind_sources = self._tools.module_folder("sigs.k8s.io/kind")
        context = self._context(folder / "context", kind_sources / "images" / "base" / "files")
        for target in ("base", *PARTS):
            step.update(f"build {target}")
            self._docker.build(
                "--file",
                str(self._recipe / "Dockerfile"),
                "--target",
                target,
                "--tag",
                local(target),
                str(context),
                log=self._paths.logs / "node-image.log",
            )
        step.update("collect the images that run in a node")
        server = folder / "server.tar.gz"
        self._server(folder, server, self._required(folder, kind_sources))
        step.update("put them into the base")
        shell.follow(
            [
                str(self._tools.program("kind")),
                "build",
                "node-image",
                "--type",
                "file",
                "--base-image",
                local("base"),
                "--image",
                self.built,
                str(server),
            ],
            step.update,
            log=self._paths.logs / "node-image.log",
            env={"PATH": self._docker.path(), "TMPDIR": str(folder)},
        )

    def _context(self, context: Path, kind_files: Path) -> Path:
        (context / "bin").mkdir(parents=True)
        for name in NODE:
            (context / "bin" / name).hardlink_to(self._tools.program(name))
        shutil.copytree(kind_files, context / "kind")
        shutil.copy(self._recipe / "pod-network.conflist", context)
        return context

    def _required(self, folder: Path, kind_sources: Path) -> list[str]:
        """What kubeadm and kind will look for in the node, and metrics-server."""
        kubeadm = folder / "kubeadm"
        kubeadm.symlink_to(self._tools.program("kubernetes"))
        version = self._tools.kubernetes_version
        listed = shell.run([str(kubeadm), "config", "images", "list", "--kubernetes-version", version]).split()
        sources = kind_sources / "pkg" / "build" / "nodeimage"
        own = wanted_by_kind("".join(file.read_text() for file in sources.glob("const_*.go")))
        pause = sandbox((kind_sources / "images/base/files/etc/containerd/config.toml").read_text())
        return [*listed, *own, pause, metrics_server_image(self._tools)]

    def _server(self, folder: Path, server: Path, required: Iterable[str]) -> None:
        """Write what kind takes for a Kubernetes release: programs and image archives."""
        names: dict[str, list[str]] = {local(part): [] for part in PARTS}
        for reference in dict.fromkeys(required):
            names[local(part_of(reference))].append(reference)
        everything, filler = folder / "all.tar", folder / "pause.tar"
        self._docker.run("save", "--output", str(folder / "saved.tar"), *names)
        archive.rewrite(folder / "saved.tar", everything, names)
        self._docker.run("save", "--output", str(folder / "saved.tar"), local("pause"))
        archive.rewrite(folder / "saved.tar", filler, names)
        version = folder / "version"
        version.write_text(self._tools.kubernetes_version)
        # Read once and thrown away: compressing it would only take time.
        with tarfile.open(server, "w:gz", compresslevel=0, dereference=True) as release:
            release.add(version, "kubernetes/version")
            for name, program in BINARIES.items():
                release.add(self._tools.program(program), f"kubernetes/server/bin/{name}")
            for name in RELEASE_ARCHIVES:
                content = everything if name == RELEASE_ARCHIVES[0] else filler
                release.add(content, f"kubernetes/server/bin/{name}.tar")


def remove_leftovers(docker: Docker) -> None:
    """Remove containers that an interrupted build left: those of kind's build that stand on our base.

    The nodes of a cluster stand on it too, so the name decides as well.
    """
    docker.remove_containers("name=^/?kind-build-", f"ancestor={local('base')}")


def local(part: str) -> str:
    """The name of a part of the node image while it is built."""
    return f"{REPOSITORY}-{part}:build"
