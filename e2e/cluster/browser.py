"""A browser for the tests of the storefront: the one that is there, else the distribution's Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from e2e.cluster import packages
from e2e.cluster.paths import Paths
from e2e.cluster.progress import Progress
from e2e.cluster.shell import Problem

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without a font, pages have no letters.
PACKAGES = ("chromium", "fonts-dejavu-core")


def find(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """The path of the first browser that is installed, or None."""
    return next((path for path in map(which, NAMES) if path), None)


def ensure(paths: Paths, progress: Progress) -> str:
    """The path of a browser, which is installed if need be. Raises Problem where that is not possible."""
    if find() is None:
        packages.install(PACKAGES, paths, progress, why="a browser for the storefront's tests")
    found = find()
    if found is None:
        raise Problem(f"the package {PACKAGES[0]} brought no browser: install Chromium or Chrome by hand")
    return found
