"""Reads the model of the charts: a tree of values, each one with a sentence, a default and a schema."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from charts.tools.deps import ChartError

Tree = dict[str, Any]
SOURCE = Path(__file__).parent / "source"


@dataclass(frozen=True)
class Value:
    """One value of a chart.

    Attributes:
        doc: one or two sentences for the reader of values.yaml, README and schema.
        default: its default; unused where there are fields.
        schema: JSON schema of a leaf.
        fields: the values below it, if it is an object of known keys.
        chart: the chart whose values stand below it, in the umbrella.
    """

    doc: str
    default: Any = None
    schema: Tree = field(default_factory=dict)
    fields: dict[str, "Value"] = field(default_factory=dict)
    chart: str = ""


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        name: its name and its folder's.
        description: one sentence.
        type: `application` or `library`.
        kind: which values it has: the name of a file of the model; empty for the library.
        matrix: the folder of values that it is tested with; like `kind` unless said otherwise.
        dependencies: names of charts beside it; the library is implied.
        conditions: dependency -> the value that switches it.
        secrets: secrets it needs besides the database's -> their keys.
        values: its values; none for the library.
    """

    name: str
    description: str
    type: str
    kind: str
    matrix: str
    dependencies: tuple[str, ...]
    conditions: dict[str, str]
    secrets: dict[str, str]
    values: dict[str, Value]


@dataclass(frozen=True)
class Model:
    """All charts, and what they have in common."""

    version: str
    kube_version: str
    keywords: list[str]
    changes: list[dict[str, str]]
    charts: list[Chart]


def load_model(folder: Path = SOURCE) -> Model:
    """Read the model.

    Raises:
        ChartError: a value is not described completely.
    """
    document = _read(folder / "charts.yaml")
    fragments = _read(folder / "fragments.yaml")
    version, kube_version = document.pop("version"), document.pop("kubeVersion")
    keywords, changes = document.pop("keywords"), document.pop("changes")
    descriptions = {name: entry["description"] for name, entry in document.items()}
    charts = [
        Chart(
            name=name,
            description=entry["description"],
            type=entry.get("type", "application"),
            kind=entry.get("values", ""),
            matrix=entry.get("matrix", entry.get("values", "")),
            dependencies=tuple(entry.get("dependencies", ())),
            conditions=entry.get("conditions", {}),
            secrets=entry.get("secrets", {}),
            values=_values(name, entry, folder, fragments, descriptions),
        )
        for name, entry in document.items()
    ]
    return Model(version, kube_version, keywords, changes, charts)


def _read(file: Path) -> Tree:
    content: Tree = yaml.safe_load(file.read_text())
    return content


def _values(name: str, entry: Tree, folder: Path, fragments: Tree, descriptions: dict[str, str]) -> dict[str, Value]:
    if "values" not in entry:
        return {}
    tree = {
        key: _resolve(node, fragments)
        for key, node in _read(folder / f"{entry['values']}.yaml").items()
        if name in node.get("charts", (name,))
    }
    for key, default in entry.get("overrides", {}).items():
        _override(tree[key], default)
    return {key: _value(f"{name}: {key}", node, name, descriptions) for key, node in tree.items()}


def _resolve(node: Tree, fragments: Tree) -> Tree:
    """Put in place of `use` the fragment that it names; what stands beside it wins."""
    resolved = {**fragments[node["use"]], **node} if "use" in node else dict(node)
    if "fields" in resolved:
        resolved["fields"] = {key: _resolve(child, fragments) for key, child in resolved["fields"].items()}
    return resolved


def _override(node: Tree, default: Any) -> None:
    """Give a value, or those of its fields that are named, another default."""
    if "fields" in node:
        for key, value in default.items():
            _override(node["fields"][key], value)
    else:
        node["default"] = _merged(node["default"], default)


def _merged(base: Any, change: Any) -> Any:
    if isinstance(base, dict) and isinstance(change, dict):
        return {**base, **{key: _merged(base.get(key), value) for key, value in change.items()}}
    return change


def _value(path: str, node: Tree, chart: str, descriptions: dict[str, str]) -> Value:
    if "chart" in node:
        return Value(descriptions[node["chart"]], node.get("default", {}), {"type": "object"}, chart=node["chart"])
    if "doc" not in node or ("fields" in node) == ("schema" in node) or ("schema" in node) != ("default" in node):
        raise ChartError(f"{path}: needs `doc` and either `fields` or both `default` and `schema`")
    doc = node["doc"].replace("{chart}", chart)
    if "fields" in node:
        children = node["fields"].items()
        return Value(doc, fields={key: _value(f"{path}.{key}", child, chart, descriptions) for key, child in children})
    default = node["default"]
    return Value(doc, default.replace("{chart}", chart) if isinstance(default, str) else default, node["schema"])
