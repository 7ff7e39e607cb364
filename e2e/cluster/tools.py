"""The Go programs that we need, built from one module of pinned versions and kept under a hash of it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster import preflight, shell
from e2e.cluster.paths import Paths
from e2e.cluster.progress import Progress, Step
from e2e.cluster.shell import CommandFailed, Problem

# What each program is called, and the Go package that it is built from.
PACKAGES = {
    "helm": "helm.sh/helm/v4/cmd/helm",
    "kind": "sigs.k8s.io/kind",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "kubernetes": "./kubernetes",
    "etcd": "./etcd",
    "pause": "./pause",
    "containerd": "github.com/containerd/containerd/v2/cmd/containerd",
    "containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
    "ctr": "github.com/containerd/containerd/v2/cmd/ctr",
    "coredns": "github.com/coredns/coredns",
    "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server",
    "local-path-provisioner": "github.com/rancher/local-path-provisioner",
    "helm3": "helm.sh/helm/v3/cmd/helm",
    "helm-docs": "github.com/norwoodj/helm-docs/cmd/helm-docs",
    "kwok": "sigs.k8s.io/kwok/cmd/kwok",
}
CLIENTS = ("helm", "kind", "kubectl")
NODE = (
    "kubernetes",
    "etcd",
    "pause",
    "containerd",
    "containerd-shim-runc-v2",
    "ctr",
    "coredns",
    "metrics-server",
    "local-path-provisioner",
    "kubectl",
)
# Its imports spell an owner's name in capitals, which Go refuses beside others that do not.
ALONE = frozenset({"local-path-provisioner"})
POLL_SECONDS = 0.5
GO_ENVIRONMENT = {"CGO_ENABLED": "0"}


def versions(go_mod: str) -> dict[str, str]:
    """Module path to version, for every requirement in the text of a go.mod."""
    return dict(re.findall(r"^\s*(?:require )?(\S+) (v\d\S*)(?: // indirect)?$", go_mod, re.MULTILINE))


def link_flags(pinned: dict[str, str]) -> str:
    """The -ldflags that tell the programs their own versions, which a release build tells them too."""
    kubernetes = pinned["k8s.io/kubernetes"]
    major, minor, _ = kubernetes.removeprefix("v").split(".", 2)
    stamps = {
        f"{package}.{name}": value
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for name, value in {
            "gitVersion": kubernetes,
            "gitMajor": major,
            "gitMinor": minor,
            "gitTreeState": "clean",
        }.items()
    }
    for helm in ("helm.sh/helm/v3", "helm.sh/helm/v4"):
        stamps[f"{helm}/internal/version.version"] = pinned[helm]
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in stamps.items())])


def key(module: Path) -> str:
    """A hash of all that decides what is built: the pinned versions and our own sources."""
    digest = hashlib.sha256(os.uname().machine.encode())
    for file in sorted([module / "go.mod", module / "go.sum", *module.glob("*/*.go")]):
        digest.update(f"{file.relative_to(module)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Target:
    """One call of `go build`: what its output is called (empty: as the packages are), and the programs."""

    output: str
    names: tuple[str, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages of the programs."""
        return tuple(PACKAGES[name] for name in self.names)


def targets(names: Iterable[str]) -> list[Target]:
    """How to build programs: in one call, but for those that are not called as their package is, or must be alone."""
    single = [name for name in names if Path(PACKAGES[name]).name != name or name in ALONE]
    plain = tuple(name for name in names if name not in single)
    return ([Target("", plain)] if plain else []) + [Target(name, (name,)) for name in single]


class Tools:
    """Programs at pinned versions. Ask with `program`; what is missing is built, once.

    Safe to use from several threads: a build waits for the one before.
    """

    def __init__(self, paths: Paths, progress: Progress) -> None:
        self._paths = paths
        self._progress = progress
        self._lock = threading.Lock()
        self.module = paths.offline / "tools"
        self.pinned = versions((self.module / "go.mod").read_text())
        self.key = key(self.module)
        self.bin = paths.cache / "tools" / self.key / "bin"

    @property
    def kubernetes_version(self) -> str:
        """The Kubernetes release of the programs, such as `v1.37.2`."""
        return self.pinned["k8s.io/kubernetes"]

    def program(self, name: str) -> Path:
        """The path of a program, which is built if it is missing. Raises Problem where that fails."""
        self.ensure((name,))
        return self.bin / name

    def ensure(self, names: Iterable[str]) -> None:
        """Build those programs that are missing. Raises Problem where that fails."""
        wanted = list(dict.fromkeys(names))
        while self.missing(wanted):
            # Another build may bring what is wanted here long before it ends.
            if self._lock.acquire(timeout=POLL_SECONDS):
                try:
                    if missing := self.missing(wanted):
                        self._build(missing)
                finally:
                    self._lock.release()
        self._link()

    def missing(self, names: Iterable[str]) -> list[str]:
        """Those programs that are not built yet."""
        return [name for name in names if not (self.bin / name).exists()]

    def module_folder(self, module: str) -> Path:
        """Where the Go module cache holds the sources of one of our modules, downloaded if need be."""
        self._need_go()
        listing = shell.run(["go", "mod", "download", "-json", module], cwd=self.module)
        found = re.search(r'"Dir": "([^"]+)"', listing)
        if found is None:
            raise Problem(f"go has no sources of {module}: run `go mod download {module}` in {self.module} to see why")
        return Path(found.group(1))

    def go_folders(self) -> list[Path]:
        """Where Go keeps what it compiled and downloaded."""
        self._need_go()
        return [Path(line) for line in shell.run(["go", "env", "GOCACHE", "GOMODCACHE"]).split("\n") if line]

    def _need_go(self) -> None:
        """Raise Problem where there is no Go."""
        if shutil.which("go") is None:
            raise Problem("Go was not found: install Go (the version in images/offline/tools/go.mod or newer)")

    def _build(self, names: list[str]) -> None:
        self._need_go()
        preflight.disk([self.bin, *self.go_folders()], preflight.TOOLS_GIB)
        partial = self.bin.with_name("partial")
        partial.mkdir(parents=True, exist_ok=True)
        self.bin.mkdir(parents=True, exist_ok=True)
        with self._progress.step(f"Build by Go: {', '.join(names)}") as step:
            for target in targets(names):
                self._compile(target, partial, step)
                for name in target.names:
                    (partial / name).replace(self.bin / name)

    def _compile(self, target: Target, partial: Path, step: Step) -> None:
        compiled = 0

        def count(line: str) -> None:
            nonlocal compiled
            compiled += not line.startswith(("go: ", "#"))
            step.update(line if line.startswith("go: ") else f"{compiled} packages compiled, now {line}")

        command = [
            "go",
            "build",
            "-v",
            "-trimpath",
            "-buildvcs=false",
            f"-ldflags={link_flags(self.pinned)}",
            "-o",
            f"{partial}/{target.output}",
            *target.packages,
        ]
        try:
            shell.follow(command, count, log=self._paths.logs / "go.log", env=GO_ENVIRONMENT, cwd=self.module)
        except CommandFailed as error:
            raise Problem(explain(error)) from error

    def _link(self) -> None:
        """Keep a stable path to the programs in use, for people and other programs."""
        link, fresh = self._paths.cache / "bin", self._paths.cache / f"bin.{os.getpid()}"
        if link.is_symlink() and link.readlink() == self.bin:
            return
        fresh.symlink_to(self.bin)
        fresh.replace(link)


def explain(error: CommandFailed) -> str:
    """What a failed build means for a person, from what Go wrote."""
    output, words = error.output.lower(), shell.last_words(error.output)
    if "no space left on device" in output:
        return f"the disk is full: free some space, then run this again\n{words}"
    if any(sign in output for sign in ("no such host", "dial tcp", "i/o timeout", "network is unreachable")):
        return f"Go modules could not be downloaded: is there a network, and does the GOPROXY answer?\n{words}"
    return str(error)
