"""Texts of the generated files. Pure: from the model to strings."""

import json
import re
from typing import Any

import yaml

from charts.tools.model import Chart, Model, Tree, Value

NOTICE = "Made by `python3 -m charts.tools generate`: change the model in charts/tools/source, not this file."
LIBRARY = "service"
LIBRARY_ALIAS = "library"
_WIDTH = 118
_PLAIN = re.compile(r"\w([\w .,:/-]*[\w.])?")


def chart_file(chart: Chart, model: Model) -> str:
    """Return Chart.yaml."""
    document: Tree = {
        "apiVersion": "v2",
        "name": chart.name,
        "description": chart.description,
        "type": chart.type,
        "version": model.version,
        "appVersion": model.version,
        "kubeVersion": model.kube_version,
        "keywords": model.keywords,
        "annotations": _annotations(chart, model),
    }
    if chart.type == "library":
        return _with_notice(document)
    # Under its own name the library would share the key `service` with the gateway's values.
    library: Tree = {"name": LIBRARY, "alias": LIBRARY_ALIAS}
    others = [{"name": name, **_condition(chart, name)} for name in chart.dependencies]
    document["dependencies"] = [
        {**entry, "version": model.version, "repository": f"file://../{entry['name']}"} for entry in (library, *others)
    ]
    return _with_notice(document)


def values_file(chart: Chart) -> str:
    """Return values.yaml with a comment above each value."""
    lines = [f"# {NOTICE}", f"# Values of the chart {chart.name}; README.md has them as a table.", ""]
    for name, value in chart.values.items():
        lines += _value_lines(name, value, 0)
    return "\n".join(lines) + "\n"


def schema_file(chart: Chart) -> str:
    """Return values.schema.json (draft-07), which refuses unknown keys and wrong values."""
    properties = {name: _schema(value) for name, value in chart.values.items()}
    properties[LIBRARY_ALIAS] = {
        "description": "Set by Helm, not for users.",
        "type": "object",
        "additionalProperties": False,
        "properties": {"global": {"type": "object"}},
    }
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"Values of the chart {chart.name}",
        "$comment": NOTICE,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def readme_file(chart: Chart) -> str:
    """Return README.md."""
    parts = [f"# {chart.name}", f"<!-- {NOTICE} -->", chart.description, *_install(chart), *_needs(chart)]
    rows = [f"| `{key}` | {_cell(value)} | {value.doc} |" for key, value in _rows(chart.values, "")]
    table = "\n".join(["| Value | Default | Meaning |", "|---|---|---|", *rows])
    return "\n\n".join([*parts, "## Values", table]) + "\n"


def _with_notice(document: Tree) -> str:
    return f"# {NOTICE}\n" + _yaml(document)


class _Dumper(yaml.SafeDumper):
    """Writes YAML as people do: lists indented, double quotes."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 (PyYAML's signature)
        super().increase_indent(flow, indentless=False)


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if "\n" in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    plain = _PLAIN.fullmatch(text) and isinstance(yaml.safe_load(text), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _string)


def _yaml(document: Any) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=_WIDTH)


def _annotations(chart: Chart, model: Model) -> Tree:
    """What Artifact Hub shows: lists as texts."""
    images = [
        {"name": one.name, "image": f"{one.values['image'].fields['repository'].default}:{model.version}"}
        for one in model.charts
        if "image" in one.values and one.name in (chart.name, *chart.dependencies)
    ]
    annotations = {"artifacthub.io/changes": _yaml(model.changes)}
    return annotations | {"artifacthub.io/images": _yaml(images)} if images else annotations


def _condition(chart: Chart, name: str) -> Tree:
    return {"condition": chart.conditions[name]} if name in chart.conditions else {}


def _value_lines(name: str, value: Value, depth: int) -> list[str]:
    indent = "  " * depth
    where = f" Its values: charts/{value.chart}/values.yaml." if value.chart else ""
    lines = [f"{indent}# {value.doc}{where}"]
    if value.fields:
        lines.append(f"{indent}{name}:")
        for key, child in value.fields.items():
            lines += _value_lines(key, child, depth + 1)
        return lines
    text = _yaml({name: value.default})
    return [*lines, *(indent + line for line in text.splitlines())]


def _schema(value: Value) -> Tree:
    schema: Tree = {"description": value.doc, **value.schema}
    if value.fields:
        schema |= {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: _schema(child) for name, child in value.fields.items()},
        }
    return schema


def _install(chart: Chart) -> list[str]:
    release = "demo" if chart.dependencies else f"demo-{chart.name}"
    flags = "" if chart.dependencies else " --set global.shop=demo"
    command = f"python3 -m charts.tools deps\nhelm install {release} charts/{chart.name}{flags}"
    return ["## Install", f"```sh\n{command}\n```"]


def _needs(chart: Chart) -> list[str]:
    secrets = dict(chart.secrets)
    if "messaging" in chart.values:
        secrets = {f"<shop>-{chart.name}-amqp": "uri (the service's role at the broker)", **secrets}
    if "database" in chart.values:
        secrets = {
            f"<shop>-{chart.name}-db": "username, uri (runtime role: reads and writes rows)",
            f"<shop>-{chart.name}-db-owner": "uri (owner role: the migration)",
            **secrets,
        }
    if not secrets:
        return []
    lines = [f"- `{name}`: {keys}" for name, keys in secrets.items()]
    heading = "Secrets that must be in the namespace, with their keys; the Shopkeeper operator makes them:"
    return [heading, "\n".join(lines)]


def _rows(values: dict[str, Value], prefix: str) -> list[tuple[str, Value]]:
    rows: list[tuple[str, Value]] = []
    for name, value in values.items():
        rows += _rows(value.fields, f"{prefix}{name}.") if value.fields else [(prefix + name, value)]
    return rows


def _cell(value: Value) -> str:
    if value.chart:
        return f"[its own](../{value.chart}/README.md)"
    return f"`{_compact(value.default)}`"


def _compact(default: Any) -> str:
    return json.dumps(default, ensure_ascii=False)
