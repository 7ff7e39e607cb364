"""The resource definition of Shop, generated from the model: `python -m shopkeeper_operator.crd`. Pure but `main`."""

import sys
from typing import Any, Final

import yaml
from pydantic import BaseModel

from shopkeeper_operator import naming
from shopkeeper_operator.api import rules
from shopkeeper_operator.api.model import VALIDATIONS, Spec
from shopkeeper_operator.api.status import Status

_FIRST: Final = ("type", "description", "default", "enum")
_REWRITTEN: Final = ("title", "$defs", "properties", "items", "additionalProperties")

COLUMNS: Final = (
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Release", "type": "string", "jsonPath": ".status.release"},
    {"name": "URL", "type": "string", "jsonPath": ".status.url"},
    {"name": "Services", "type": "string", "jsonPath": ".status.servicesReady"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    {
        "name": "Reason",
        "type": "string",
        "priority": 1,
        "jsonPath": '.status.conditions[?(@.type=="Ready")].reason',
    },
)


def definition() -> dict[str, Any]:
    """Return the CustomResourceDefinition."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{naming.PLURAL}.{naming.GROUP}"},
        "spec": {
            "group": naming.GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": naming.KIND,
                "listKind": "ShopList",
                "plural": naming.PLURAL,
                "singular": "shop",
            },
            "versions": [
                {
                    "name": naming.VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [dict(column) for column in COLUMNS],
                    "schema": {"openAPIV3Schema": _root()},
                }
            ],
        },
    }


def _root() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "An online shop: services, their databases, a gateway and autoscalers.",
        VALIDATIONS: [rules.SHOP_NAME.as_schema()],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(Spec) | {"default": _defaults(Spec)},
            "status": structural(Status),
        },
    }


def _defaults(model: type[BaseModel]) -> dict[str, Any]:
    """Return what an empty object of a model becomes; rules apply to defaults before these are completed."""
    schema = structural(model)["properties"]
    return {name: field["default"] for name, field in schema.items() if "default" in field}


def structural(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's schema in the structural form that Kubernetes demands: no references, no nulls, no titles."""
    schema = model.model_json_schema(by_alias=True)
    return _convert(schema, schema.get("$defs", {}))


def _convert(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    source = _resolve(node, definitions)
    made = {key: value for key, value in source.items() if key not in _REWRITTEN}
    if "default" in made:
        made["default"] = _present(made["default"])
        if made["default"] is None:
            del made["default"]
    if "properties" in source:
        made["properties"] = {name: _convert(child, definitions) for name, child in source["properties"].items()}
    if "items" in source:
        made["items"] = _convert(source["items"], definitions)
    if "additionalProperties" in source:
        made["additionalProperties"] = _convert(source["additionalProperties"], definitions)
    return {key: made[key] for key in (*_FIRST, *sorted(made.keys() - set(_FIRST))) if key in made}


def _resolve(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference and drop the null of an optional field; what stands beside them wins."""
    if "x-kubernetes-int-or-string" in node:
        return node
    beside = {key: value for key, value in node.items() if key not in ("anyOf", "$ref")}
    if "$ref" in node:
        return _resolve(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions) | beside
    present = [choice for choice in node.get("anyOf", []) if choice.get("type") != "null"]
    return _resolve(present[0], definitions) | beside if present else beside


def _present(value: Any) -> Any:
    """Return a default less its nulls: the definition has no nulls, what is optional is left out."""
    if isinstance(value, dict):
        return {key: _present(item) for key, item in value.items() if item is not None}
    return value


class _Plain(yaml.SafeDumper):
    """Repeats what occurs twice: people read the file, and anchors hide it from them."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def render() -> str:
    """Return the definition as YAML, as it is committed in the operator's chart."""
    header = "# Generated by `python -m shopkeeper_operator.crd`; do not edit.\n"
    return header + str(yaml.dump(definition(), Dumper=_Plain, sort_keys=False, width=110))


def main() -> None:
    """Write the definition to standard output."""
    sys.stdout.write(render())


if __name__ == "__main__":
    main()
