"""`helm template`, cached: the same chart and values are rendered once."""

import hashlib
import json
import os
import subprocess
import threading
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from shopkeeper_operator.plan.model import Manifest, RenderError

_TIMEOUT_SECONDS: Final = 60
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Renderer:
    """Renders one chart. Thread-safe; what is cached is compressed, so that a thousand shops cost a few megabytes."""

    def __init__(self, chart: Path, *, helm: str, home: Path, entries: int = 2048) -> None:
        """Prepare a renderer.

        Args:
            chart: folder of the chart, with its dependencies in place.
            helm: the helm program.
            home: a writable folder for what helm keeps.
            entries: most results to keep.

        Raises:
            FileNotFoundError: there is no chart in the folder.
        """
        if not (chart / "Chart.yaml").is_file():
            raise FileNotFoundError(f"{chart} has no Chart.yaml: set CHART_DIR to the folder of the chart shop")
        self._chart = chart
        self._helm = helm
        self._environment = os.environ | {
            "HELM_CACHE_HOME": str(home / "cache"),
            "HELM_CONFIG_HOME": str(home / "config"),
            "HELM_DATA_HOME": str(home / "data"),
        }
        self._entries = entries
        self._lock = threading.Lock()
        self._cache: OrderedDict[str, bytes] = OrderedDict()

    def __call__(self, name: str, namespace: str, values: Mapping[str, Any]) -> Sequence[Manifest]:
        """Return the manifests of a release.

        Raises:
            RenderError: helm refused the values; the text is what it said.
        """
        content = json.dumps(values, sort_keys=True)
        key = hashlib.sha256(f"{namespace}/{name}\n{content}".encode()).hexdigest()
        with self._lock:
            packed = self._cache.get(key)
            if packed is not None:
                self._cache.move_to_end(key)
        if packed is None:
            packed = self._render(name, namespace, content)
            with self._lock:
                self._cache[key] = packed
                while len(self._cache) > self._entries:
                    self._cache.popitem(last=False)
        manifests: list[Manifest] = json.loads(zlib.decompress(packed))
        return manifests

    def _render(self, name: str, namespace: str, values: str) -> bytes:
        command = [
            self._helm,
            "template",
            name,
            str(self._chart),
            "--namespace",
            namespace,
            "--no-hooks",
            "-f",
            "-",
        ]
        try:
            done = subprocess.run(
                command,
                input=values,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RenderError(f"helm did not run: {error}") from error
        if done.returncode != 0:
            raise RenderError(" ".join(done.stderr.removeprefix("Error: ").split()))
        manifests = [_without_nulls(document) for document in yaml.load_all(done.stdout, Loader=_Loader) if document]
        return zlib.compress(json.dumps(manifests, separators=(",", ":")).encode())


def _without_nulls(value: Any) -> Any:
    """Return a manifest less its null fields: what is null is not ours to set."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
