"""The distribution's packages, where we may install them: root on Debian or Ubuntu."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from e2e.cluster import shell
from e2e.cluster.paths import Paths
from e2e.cluster.progress import Progress
from e2e.cluster.shell import CommandFailed, Problem

# Installing must not ask questions, nor restart foreign services.
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}


def missing(names: Sequence[str]) -> list[str]:
    """Those packages that are not installed."""
    return [name for name in names if not _installed(name)]


def _installed(name: str) -> bool:
    try:
        return shell.run(["dpkg-query", "--show", "--showformat=${db:Status-Status}", name]) == "installed"
    except CommandFailed:
        return False


def install(names: Sequence[str], paths: Paths, progress: Progress, *, why: str) -> None:
    """Install packages that are missing. Raises Problem where that is not ours to do, or does not work."""
    if shutil.which("apt-get") is None:
        raise Problem(f"{why} needs {', '.join(names)}, and this is not Debian or Ubuntu: install it by hand")
    wanted = missing(names)
    if not wanted:
        return
    if os.geteuid() != 0:
        raise Problem(f"{why} needs packages: `sudo apt-get install {' '.join(wanted)}`, or run this as root")
    log = paths.logs / "apt.log"
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *wanted]
    with progress.step(f"Install {why} ({', '.join(wanted)})") as step:
        try:
            shell.follow(["apt-get", "update"], step.update, env=QUIET, log=log)
            shell.follow(command, step.update, env=QUIET, log=log)
        except CommandFailed as error:
            raise Problem(f"{why} could not be installed; is there a network?\n{error}") from error
