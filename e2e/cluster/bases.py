"""The official images that ours are built on: pulled, or made here under the same names."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster import packages, shell
from e2e.cluster.docker import Docker
from e2e.cluster.paths import Paths
from e2e.cluster.progress import Progress, Step
from e2e.cluster.registry import Registry
from e2e.cluster.shell import CommandFailed, Problem

TRIXIE = "debian:trixie-slim"
BOOKWORM = "debian:bookworm-slim"
PYTHON = "python:3.13-slim-trixie"
SUITES = {TRIXIE: "trixie", BOOKWORM: "bookworm"}
# Our images are built on these.
IMAGES = (TRIXIE, PYTHON)
# Marks images that we made in place of official ones.
STAND_IN = "shopkeeper.dev/stand-in"
INDEX_FORMAT = "$(ORIGIN)|$(LABEL)|$(REPO_URI)"
PACKAGES = ("debootstrap", "debian-archive-keyring")


@dataclass(frozen=True)
class Mirrors:
    """The package mirrors of this machine, as its own apt is configured. Empty: use the tools' defaults."""

    main: str = ""
    security: str = ""

    def arguments(self) -> list[str]:
        """As arguments of the script that makes a root file system."""
        return [self.main, self.security] if self.main else []


def mirrors(targets: str) -> Mirrors:
    """The Debian mirrors in what `apt-get indextargets` says, as lines of `origin|label|address`."""
    found: dict[str, str] = {}
    for line in targets.splitlines():
        origin, label, address = line.split("|", 2)
        if origin == "Debian":
            found.setdefault(label, address.rstrip("/"))
    return Mirrors(main=found.get("Debian", ""), security=found.get("Debian-Security", ""))


class Bases:
    """Makes sure that base images are there."""

    def __init__(self, docker: Docker, registry: Registry, paths: Paths, progress: Progress) -> None:
        self._docker, self._registry, self._paths, self._progress = docker, registry, paths, progress
        self._lock = threading.RLock()

    def ensure(self, references: Iterable[str]) -> None:
        """Pull those images that are missing, or build stand-ins. Raises Problem where neither works.

        Safe to use from several threads: one waits for the other.
        """
        with self._lock:
            for reference in references:
                if self._docker.image_id(reference) is None and not self._registry.pull(reference):
                    self._make(reference)

    def _make(self, reference: str) -> None:
        if reference == PYTHON:
            self.ensure([TRIXIE])
            self._python()
        else:
            self._debian(reference, SUITES[reference])

    def _python(self) -> None:
        folder = self._paths.offline / "python"
        with self._progress.step(f"Build {PYTHON} from Debian packages"):
            try:
                self._docker.build("--tag", PYTHON, str(folder), log=self._paths.logs / "bases.log")
            except CommandFailed as error:
                raise Problem(f"{PYTHON} could not be built; do the Debian mirrors answer?\n{error}") from error

    def _debian(self, reference: str, suite: str) -> None:
        if os.geteuid() != 0:
            raise Problem(
                f"no image registry answers, and only root can build {reference}: run this as root, "
                f"or load the official image with `docker load`"
            )
        packages.install(PACKAGES, self._paths, self._progress, why=f"what builds {reference}")
        self._paths.scratch.mkdir(parents=True, exist_ok=True)
        with (
            self._progress.step(f"Build {reference} by debootstrap") as step,
            tempfile.TemporaryDirectory(prefix=f"{suite}-", dir=self._paths.scratch) as folder,
        ):
            root = Path(folder) / "root"
            self._debootstrap(suite, root, step)
            step.update("import into the engine")
            self._import(root, reference)

    def _debootstrap(self, suite: str, root: Path, step: Step) -> None:
        known = mirrors(shell.run(["apt-get", "indextargets", "--format", INDEX_FORMAT, "Created-By: Packages"]))
        # Mounts and processes of an interrupted run end with the namespaces.
        isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        script = [
            "sh",
            str(self._paths.offline / "debian" / "rootfs.sh"),
            suite,
            str(root),
            *known.arguments(),
        ]
        try:
            shell.follow([*isolated, *script], step.update, log=self._paths.logs / "bases.log")
        except CommandFailed as error:
            raise Problem(f"Debian {suite} could not be installed; do its mirrors answer?\n{error}") from error

    def _import(self, root: Path, reference: str) -> None:
        archive = ["tar", "--numeric-owner", "-C", str(root), "-c", "."]
        with subprocess.Popen(archive, stdout=subprocess.PIPE) as tar:
            changes = ("--change", 'CMD ["bash"]', "--change", f"LABEL {STAND_IN}=true")
            self._docker.run("import", *changes, "-", reference, stdin=tar.stdout)
        if tar.returncode != 0:
            raise Problem(f"tar failed on {root} with exit code {tar.returncode}")
