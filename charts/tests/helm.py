"""Runs helm on the charts and returns what it renders."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
CHARTS = Path(__file__).resolve().parents[1]
WITH_DATABASE = ("users", "products", "inventory", "orders", "payments", "notifications", "recommendations")
SERVICES = (*WITH_DATABASE, "storefront")
MESSENGERS = ("users", "orders", "notifications", "recommendations")
NAMES = (*SERVICES, "gateway", "postgres", "rabbitmq", "shop")


@dataclass(frozen=True)
class Outcome:
    """What a run of helm came to."""

    ok: bool
    output: str


@dataclass(frozen=True)
class Helm:
    """One helm program.

    Attributes:
        program: its path.
    """

    program: str

    def run(self, *arguments: str) -> Outcome:
        """Run helm; never fails by itself."""
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=120, check=False)
        return Outcome(done.returncode == 0, done.stdout if done.returncode == 0 else done.stderr)

    def try_template(self, chart: str, values: Object, release: str = "demo") -> Outcome:
        """Render a chart with some values."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(values, file)
            file.flush()
            # Helm built by `go install` would take an old version for its own.
            flags = ["--namespace", "test", "--kube-version", "1.37.0", "-f", file.name]
            return self.run("template", release, str(CHARTS / chart), *flags)

    def template(
        self, chart: str, values: Object | None = None, *, release: str = "demo", hooks: bool = False
    ) -> list[Object]:
        """Return the objects of a chart, on demand with those of its hooks; fails where helm fails."""
        objects = _objects(self, chart, json.dumps(values or {}), release)
        return [one for one in objects if hooks or "helm.sh/hook" not in one["metadata"]["annotations"]]


@cache
def _objects(helm: Helm, chart: str, values: str, release: str) -> list[Object]:
    outcome = helm.try_template(chart, json.loads(values), release=release)
    assert outcome.ok, outcome.output
    return parse(outcome.output)


def parse(text: str) -> list[Object]:
    """Return the documents of a YAML text that hold something."""
    # The same as safe_load_all, by libyaml: rendered shops are long.
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]


def cases() -> list[tuple[str, Path]]:
    """Return chart and values file of the whole matrix."""
    return [(name, file) for name in NAMES for file in sorted((CHARTS / name / "ci").glob("*-values.yaml"))]


def case_name(value: object) -> str | None:
    """Return how a test of the matrix is called."""
    return value.name.removesuffix("-values.yaml") if isinstance(value, Path) else None


def load(file: Path) -> Object:
    """Return the content of a values file."""
    return yaml.safe_load(file.read_text()) or {}
