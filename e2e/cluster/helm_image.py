"""The image that hands the helm binary to the operator's build: /helm and nothing else.

Go builds helm on the host, where the tools are pinned and kept, so that the same binary renders the charts on this
machine and in the operator, with and without an image registry.
`python3 -m e2e.cluster.helm_image <name>` makes it under a name of one's own, as skaffold asks for it.
"""

from __future__ import annotations

import os
import sys
import tarfile
import tempfile
from collections.abc import Mapping

from e2e.cluster import engine, paths
from e2e.cluster.docker import Docker
from e2e.cluster.progress import Progress
from e2e.cluster.tools import Tools

MODULE = "helm.sh/helm/v4"


def reference(pinned: Mapping[str, str]) -> str:
    """The image's name; `pinned` is module path to version."""
    return f"shopkeeper/tools:helm-{pinned[MODULE]}"


def ensure(docker: Docker, tools: Tools, name: str) -> None:
    """Make the image `name` if it is not there. Raises Problem where helm cannot be built."""
    if docker.image_id(name) is not None:
        return
    helm = tools.program("helm")
    entry = tarfile.TarInfo("helm")
    entry.size, entry.mode = helm.stat().st_size, 0o755
    with tempfile.TemporaryFile() as archive, helm.open("rb") as binary:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.addfile(entry, binary)
        archive.seek(0)
        docker.run("import", "-", name, stdin=archive)


def main() -> None:
    """Make the image named by the argument, and push it where skaffold's PUSH_IMAGE says so."""
    found, progress = paths.find(), Progress()
    docker = engine.ensure(found, progress)
    ensure(docker, Tools(found, progress), sys.argv[1])
    if os.environ.get("PUSH_IMAGE") == "true":
        docker.run("push", "--quiet", sys.argv[1])


if __name__ == "__main__":
    main()
