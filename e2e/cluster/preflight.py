"""What is checked before the work, so that it does not fail in the middle of it."""

from __future__ import annotations

import errno
import shutil
import socket
from collections.abc import Iterable
from pathlib import Path

from e2e.cluster.shell import Problem

GIB = 1024**3
# Measured: compiled packages 5, Go modules 3, programs 1, images and what builds them 5.
BUILD_GIB = 14
TOOLS_GIB = 2
CREATE_GIB = 3


def existing(folder: Path) -> Path:
    """The folder itself, or its first parent that is there."""
    return next(candidate for candidate in (folder, *folder.parents) if candidate.exists())


def lacking(free: Iterable[tuple[Path, int]], needed_gib: int) -> list[str]:
    """A sentence for each folder whose free bytes are fewer than are needed."""
    return [
        f"{folder} has {available / GIB:.1f} GiB free and {needed_gib} GiB are needed"
        for folder, available in free
        if available < needed_gib * GIB
    ]


def disk(folders: Iterable[Path], needed_gib: int) -> None:
    """Raise Problem where a folder's disk has not enough room for what is to be made."""
    free = {existing(folder): shutil.disk_usage(existing(folder)).free for folder in folders}
    short = lacking(free.items(), needed_gib)
    if short:
        raise Problem(
            f"not enough disk space: {'; '.join(short)}. Free some (`docker system df` shows what Docker keeps), "
            "or set XDG_CACHE_HOME to a folder on a larger disk"
        )


def port(address: str, number: int) -> None:
    """Raise Problem where a TCP port of this machine is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, number))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise Problem(
                f"port {number} on {address} is taken, and the shop is to be reached there: stop the program that "
                f"listens on it (`ss -ltnp 'sport = :{number}'` shows which), then run this again"
            ) from error
