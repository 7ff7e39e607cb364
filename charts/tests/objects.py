"""Finds its way in rendered objects."""

from typing import Any

from charts.tests.helm import Object


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    """Return the objects of some kinds."""
    return [found for found in objects if found["kind"] in kinds]


def named(objects: list[Object], kind: str, name: str) -> Object:
    """Return the one object of a kind with a name."""
    found = [candidate for candidate in of_kind(objects, kind) if candidate["metadata"]["name"] == name]
    assert len(found) == 1, f"{len(found)} objects {kind}/{name}"
    return found[0]


def title(item: Object) -> str:
    """Return kind and name, for messages."""
    return f"{item['kind']}/{item['metadata']['name']}"


def pods(objects: list[Object]) -> list[tuple[str, Object]]:
    """Return every pod template (or pod) with the title of what holds it."""
    templates = [(title(o), o["spec"]["template"]) for o in of_kind(objects, "Deployment", "StatefulSet", "Job")]
    return templates + [(title(o), o) for o in of_kind(objects, "Pod")]


def containers(objects: list[Object]) -> list[tuple[str, Object]]:
    """Return every container with the title of what holds it."""
    return [(holder, one) for holder, pod in pods(objects) for one in pod["spec"]["containers"]]


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Tell whether a label selector selects labels; knows matchLabels and the operator In."""
    if not all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()):
        return False
    expressions = selector.get("matchExpressions", [])
    assert all(expression["operator"] == "In" for expression in expressions)
    return all(labels.get(expression["key"]) in expression["values"] for expression in expressions)


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Return every scalar, null and empty collection below a value, with its path."""
    if isinstance(value, dict) and value:
        return [leaf for key, child in value.items() for leaf in leaves(child, f"{path}.{key}")]
    if isinstance(value, list) and value:
        return [leaf for index, child in enumerate(value) for leaf in leaves(child, f"{path}[{index}]")]
    return [(path.removeprefix("."), value)]
