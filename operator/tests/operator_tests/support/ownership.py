"""Server-side apply in small: who owns which field, and what becomes of an object. Used by the fake API only."""

import copy
from typing import Any

Path = tuple[str, ...]
Object = dict[str, Any]

#: Lists that are merged by key, by the name of their field.
KEYS = {
    "containers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
    "services": ("name",),
}


def keys_of(field: str, value: Any) -> tuple[str, ...] | None:
    """Return the keys of a merged list; None for anything else."""
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        return None
    if field == "ports":
        return ("containerPort",) if all("containerPort" in element for element in value) else ("port",)
    return KEYS.get(field)


def leaves(value: Any, path: Path = ()) -> dict[Path, Any]:
    """Return every field of a manifest that an apply owns, by path."""
    found: dict[Path, Any] = {}
    if isinstance(value, dict):
        for key, item in value.items():
            below = (*path, key)
            keys = keys_of(key, item)
            if keys:
                for element in item:
                    found |= leaves(element, (*below, _element(element, keys)))
            else:
                found |= leaves(item, below)
        if not value:
            found[path] = {}
        return found
    return {path: value}


def _element(element: Object, keys: tuple[str, ...]) -> str:
    return "&" + ",".join(f"{key}={element[key]}" for key in keys)


def put(target: Object, path: Path, value: Any) -> None:
    """Set the field at a path, with everything above it."""
    node: Any = target
    for position, step in enumerate(path[:-1]):
        following = path[position + 1]
        node = _descend(node, step, into_list=following.startswith("&"))
    node[path[-1]] = copy.deepcopy(value)


def _descend(node: Any, step: str, *, into_list: bool) -> Any:
    if not step.startswith("&"):
        return node.setdefault(step, [] if into_list else {})
    wanted = dict(pair.split("=", 1) for pair in step[1:].split(","))
    for element in node:
        if all(str(element.get(key)) == value for key, value in wanted.items()):
            return element
    made: Object = {key: int(value) if value.isdigit() else value for key, value in wanted.items()}
    node.append(made)
    return made


def get(target: Any, path: Path) -> Any:
    """Return the field at a path, None where it is absent."""
    node = target
    for step in path:
        if step.startswith("&"):
            wanted = dict(pair.split("=", 1) for pair in step[1:].split(","))
            node = next((e for e in node or () if all(str(e.get(k)) == v for k, v in wanted.items())), None)
        else:
            node = node.get(step) if isinstance(node, dict) else None
    return node


def drop(target: Any, path: Path) -> None:
    """Remove the field at a path, and what is left empty above it."""
    if len(path) == 1:
        if isinstance(target, dict):
            target.pop(path[0], None)
        return
    step, rest = path[0], path[1:]
    below = get(target, (step,))
    if below is None:
        return
    drop(below, rest)
    only_key = step.startswith("&") and set(below) <= {pair.split("=")[0] for pair in step[1:].split(",")}
    if isinstance(target, list) and only_key:
        target.remove(below)
    elif isinstance(target, dict) and below in ({}, []):
        target.pop(step)
