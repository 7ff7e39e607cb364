"""Where things are: the repository and the cache of what is built once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """The folders this program reads and writes."""

    root: Path
    """The repository."""
    cache: Path
    """What is expensive to make: programs, node images, logs."""

    @property
    def offline(self) -> Path:
        """Sources of the substitutes for where no image registry answers."""
        return self.root / "images" / "offline"

    @property
    def logs(self) -> Path:
        """What long programs wrote."""
        return self.cache / "logs"

    @property
    def scratch(self) -> Path:
        """What a run needs only for itself; emptied when the next one starts."""
        return self.cache / "tmp"

    @property
    def run(self) -> Path:
        """Process ids and files of programs that we started."""
        return self.cache / "run"


def find(environ: Mapping[str, str] = os.environ) -> Paths:
    """The paths for this checkout and user: the cache is `$XDG_CACHE_HOME/shopkeeper`, else `~/.cache/shopkeeper`."""
    home = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME", "/")) / ".cache")
    return Paths(root=Path(__file__).resolve().parents[2], cache=Path(home) / "shopkeeper")
