"""Does the cluster hold what we want? Compares only what the manifest says. Pure.

Beyond equality it knows what the API server does to an object it stores: it drops empty values, fills in defaults,
writes quantities its own way, and merges some lists by key, so that others may add elements of their own.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from shopkeeper_operator import quantity

#: What JSON makes of an object; its types are exact, which makes comparing cheap.
Object = dict[str, Any]

#: Lists that server-side apply merges, by the name of the field, and the keys of an element.
_MERGED: Final = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "ownerReferences": ("uid",),
}
_SERVICE_PORT: Final = ("port", "protocol")
_CONTAINER_PORT: Final = ("containerPort", "protocol")
_PORT_DEFAULTS: Final = {"protocol": "TCP"}
_QUANTITIES: Final = frozenset({"requests", "limits", "emptyDir", "resources"})


def differences(desired: Object, live: Object) -> frozenset[str]:
    """Return the paths where the live object is not what is desired, each with the value found there."""
    return frozenset(_mapping(desired, live, "", quantities=False))


def _mapping(desired: Object, live: Object, path: str, *, quantities: bool) -> Iterator[str]:
    for key, wanted in desired.items():
        below = f"{path}.{key}" if path else key
        yield from _value(wanted, live.get(key), below, field=key, quantities=quantities or key in _QUANTITIES)


def _value(wanted: Any, found: Any, path: str, *, field: str, quantities: bool) -> Iterator[str]:
    if _is_zero(wanted) and (found is None or _is_zero(found)):
        return
    if isinstance(wanted, dict) and isinstance(found, dict):
        yield from _mapping(wanted, found, path, quantities=quantities)
    elif isinstance(wanted, list) and isinstance(found, list):
        yield from _sequence(wanted, found, path, field=field, quantities=quantities)
    elif wanted != found and not (quantities and quantity.equal(wanted, found)):
        yield f"{path}={json.dumps(found, sort_keys=True)}"


def _is_zero(value: Any) -> bool:
    """Tell whether the API server may leave this value out of what it stores."""
    return not value


def _sequence(wanted: list[Any], found: list[Any], path: str, *, field: str, quantities: bool) -> Iterator[str]:
    keys = _merge_keys(field, path)
    if keys is None or not all(isinstance(element, dict) for element in (*wanted, *found)):
        if len(wanted) != len(found):
            yield f"{path}={json.dumps(found, sort_keys=True)}"
            return
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _value(one, other, f"{path}[{index}]", field="", quantities=quantities)
        return
    by_key = {_identity(element, keys): element for element in found}
    for element in wanted:
        identity = _identity(element, keys)
        yield from _value(
            element, by_key.get(identity), f"{path}[{','.join(identity)}]", field="", quantities=quantities
        )


def _merge_keys(field: str, path: str) -> tuple[str, ...] | None:
    """Return the keys of a list's elements; None for a list that is one value (as a NetworkPolicy's ports are)."""
    if field != "ports":
        return _MERGED.get(field)
    if path == "spec.ports":
        return _SERVICE_PORT
    return _CONTAINER_PORT if "ontainers[" in path else None


def _identity(element: Object, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(element.get(key, _PORT_DEFAULTS.get(key, ""))) for key in keys)
