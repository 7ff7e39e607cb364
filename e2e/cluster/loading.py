"""Bringing local images into the nodes of a kind cluster.

`kind load docker-image` writes all of them to a file first and then copies all of it, again and again for what a
node has already; this streams, and only what is new. Measured on two cores: README of `images/`.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from e2e.cluster.docker import Docker
from e2e.cluster.shell import CommandFailed, Problem

CTR = ("ctr", "--namespace=k8s.io", "images")
DEFAULT_SNAPSHOTTER = "overlayfs"


@dataclass(frozen=True)
class Work:
    """What brings a node's images up to date."""

    names: Mapping[str, str]
    """New name to the id of an image that the node has under another name."""
    copies: Sequence[str]
    """Names of the images to copy."""


def plan(ids: Mapping[str, str], present: Collection[str]) -> Work:
    """What a node needs to have all images of `ids` (name to id), when it lists the names `present`.

    Kubernetes keeps each image under its id too, so an image whose content did not change only needs its new name.
    """
    missing = {name: image for name, image in ids.items() if f"docker.io/{name}" not in present}
    names = {name: image for name, image in missing.items() if image in present}
    return Work(names=names, copies=[name for name in missing if name not in names])


def load(docker: Docker, node: str, work: Work) -> None:
    """Do the work on a node. Raises Problem with what the node's containerd said."""
    for name, image in work.names.items():
        docker.run("exec", node, *CTR, "tag", "--force", image, f"docker.io/{name}")
    if work.copies:
        _copy(docker, node, work.copies)


def _copy(docker: Docker, node: str, names: Sequence[str]) -> None:
    arguments = ["exec", "-i", node, *CTR, "import", *_import_options(docker, node), "-"]
    with subprocess.Popen([docker.program, "save", *names], stdout=subprocess.PIPE) as save:
        try:
            docker.run(*arguments, stdin=save.stdout)
        except CommandFailed as error:
            save.kill()
            if "no space left on device" in error.output:
                raise Problem(f"the disk is full: free some space, then run this again\n{error}") from error
            raise Problem(f"the images could not be loaded into the node {node}\n{error}") from error
    if save.returncode != 0:
        raise Problem(f"`docker save` failed with exit code {save.returncode}: what it wrote is above")


def _import_options(docker: Docker, node: str) -> list[str]:
    """The options of `ctr images import`: unpack as this node's containerd does, and without its slow path."""
    options = [f"--snapshotter={snapshotter(docker.run('exec', node, 'containerd', 'config', 'dump'))}"]
    # Newer clients import by way of a service of the daemon, which took a third longer.
    if "--local" in docker.run("exec", node, *CTR, "import", "--help"):
        options.append("--local")
    return options


def snapshotter(config: str) -> str:
    """The snapshotter that containerd uses for pods, from its configuration."""
    found = re.search(r"^\s*snapshotter = ['\"]([\w.-]+)['\"]", config, re.MULTILINE)
    return found.group(1) if found else DEFAULT_SNAPSHOTTER
