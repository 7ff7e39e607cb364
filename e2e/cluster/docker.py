"""The container engine's client: finding one that works, and the few things we ask of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from e2e.cluster import shell
from e2e.cluster.shell import CommandFailed, Problem

PROBE_TIMEOUT = 20.0
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
# Attestations would make an image an index, which a node does not import from an archive.
BUILDKIT = {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


@dataclass(frozen=True)
class Docker:
    """A docker client that was seen to work: `program` is its path."""

    program: str

    def run(self, *args: str, timeout: float | None = None, stdin: str | IO[bytes] | None = None) -> str:
        """`docker <args>`; returns its standard output. Raises CommandFailed or Problem."""
        return shell.run([self.program, *args], timeout=timeout, stdin=stdin)

    def build(self, *args: str, log: Path, cwd: Path | None = None) -> None:
        """`docker build <args>` by BuildKit; what it writes goes to `log`. Raises CommandFailed."""
        command = [self.program, "build", "--progress=plain", *proxy_arguments(os.environ), *args]
        shell.follow(command, lambda _: None, env=BUILDKIT, log=log, cwd=cwd)

    def image_id(self, reference: str) -> str | None:
        """The id of a local image, or None where there is none of that name."""
        try:
            return self.run("image", "inspect", "--format", "{{.Id}}", reference).strip()
        except CommandFailed:
            return None

    def root(self) -> Path:
        """Where the engine keeps images and containers."""
        return Path(self.run("info", "--format", "{{.DockerRootDir}}").strip())

    def remove_containers(self, *filters: str) -> None:
        """Remove the containers that match `docker ps` filters, with their volumes; running or not."""
        found = self.run("ps", "--all", "--quiet", *(part for one in filters for part in ("--filter", one))).split()
        if found:
            self.run("rm", "--force", "--volumes", *found)

    def container_state(self, name: str) -> str | None:
        """`running`, `exited`, …, or None where no container has that name."""
        try:
            return self.run("container", "inspect", "--format", "{{.State.Status}}", name).strip()
        except CommandFailed:
            return None

    def path(self) -> str:
        """A PATH on which `docker` is this client, for programs that call it themselves."""
        return f"{Path(self.program).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def proxy_arguments(environ: Mapping[str, str]) -> list[str]:
    """The `--build-arg` options that hand proxies on, by name: a password in one is no business of the process list."""
    return [part for name in PROXIES if environ.get(name) for part in ("--build-arg", name)]


def clients(path: str | None = None) -> list[str]:
    """Every docker client on the PATH, in its order and once each."""
    folders = (path or os.environ.get("PATH", os.defpath)).split(os.pathsep)
    found: dict[Path, str] = {}
    for program in (Path(folder) / "docker" for folder in folders if folder):
        # In this order: a folder that may not be read makes the second raise.
        if os.access(program, os.X_OK) and program.is_file():
            found.setdefault(program.resolve(), str(program))
    return list(found.values())


def builds(program: str) -> bool:
    """Whether a client can drive BuildKit: newer ones need the buildx plugin for it, and say so on `--help`."""
    return shell.succeeds([program, "build", "--help"], env=BUILDKIT, timeout=PROBE_TIMEOUT)


def choose() -> Docker:
    """The first client on the PATH that builds images.

    Raises Problem where no client does.
    """
    candidates = clients()
    for program in candidates:
        if builds(program):
            return Docker(program)
    raise Problem(
        f"no docker client builds images with BuildKit (tried {', '.join(candidates) or 'none'}): "
        "install the buildx plugin, or docker.io from Debian or Ubuntu"
    )
