"""Builds what `charts/<chart>/charts/` holds: packages of other charts of this repository. Standard library only."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

STAMP = ".built-from"
_FILE_DEPENDENCY = re.compile(r"repository:\s*[\"']?file://\.\./([a-z0-9-]+)")


class ChartError(Exception):
    """What is wrong with the charts or the tools, and what to do about it."""


def find_helm(helm: str | None = None) -> str:
    """Return the helm program: the argument, else $HELM, else `helm`; on the PATH, else where `make` puts its tools.

    Raises:
        ChartError: there is none.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shopkeeper" / "bin"
    wanted = helm or os.environ.get("HELM") or "helm"
    found = shutil.which(wanted) or shutil.which(wanted, path=str(cache))
    if found is None:
        raise ChartError(f"{wanted} is not there: install Helm 3.18 or newer, or run `make charts`, which builds it")
    return found


def build_dependencies(charts: Path, helm: str | None = None) -> list[str]:
    """Run `helm dependency build` for each chart whose dependencies have changed, leaves first.

    Args:
        charts: the folder with one folder per chart.
        helm: the helm program; see :func:`find_helm`.

    Returns:
        The names of the charts that were built.

    Raises:
        ChartError: helm is missing or fails, or the charts depend on each other in a circle.
    """
    graph = {file.parent.name: _local_dependencies(file) for file in sorted(charts.glob("*/Chart.yaml"))}
    built = []
    for name in _leaves_first(graph):
        if not graph[name]:
            continue
        stamp = charts / name / "charts" / STAMP
        sources = _fingerprint(charts, _closure(graph, name), charts / name / "Chart.yaml")
        packages = len(list(stamp.parent.glob("*.tgz")))
        if packages == len(graph[name]) and stamp.is_file() and stamp.read_text() == sources:
            continue
        _helm_build(charts / name, find_helm(helm))
        stamp.write_text(sources)
        built.append(name)
    return built


def _local_dependencies(chart_file: Path) -> list[str]:
    return _FILE_DEPENDENCY.findall(chart_file.read_text())


def _leaves_first(graph: dict[str, list[str]]) -> list[str]:
    order: list[str] = []
    waiting = dict(graph)
    while waiting:
        ready = [name for name, needs in waiting.items() if all(need in order for need in needs)]
        if not ready:
            raise ChartError(f"these charts need each other or a chart that is not there: {', '.join(waiting)}")
        order += ready
        for name in ready:
            del waiting[name]
    return order


def _closure(graph: dict[str, list[str]], name: str) -> set[str]:
    return {need for direct in graph[name] for need in {direct, *_closure(graph, direct)}}


def _fingerprint(charts: Path, names: set[str], chart_file: Path) -> str:
    digest = hashlib.sha256(chart_file.read_bytes())
    for name in sorted(names):
        folder = charts / name
        built = folder / "charts"
        for file in sorted(path for path in folder.rglob("*") if path.is_file() and built not in path.parents):
            digest.update(f"\0{file.relative_to(charts)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _helm_build(chart: Path, helm: str) -> None:
    # A lock would only repeat the versions of Chart.yaml, and helm refuses to build with one that is out of date.
    (chart / "Chart.lock").unlink(missing_ok=True)
    command = [helm, "dependency", "build", str(chart)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise ChartError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
