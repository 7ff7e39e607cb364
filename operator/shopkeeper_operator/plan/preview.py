"""What a paused Shop would change if it were not: in words, for `status.plan`. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from shopkeeper_operator.plan import diff
from shopkeeper_operator.plan.model import (
    Action,
    Apply,
    CreateSecret,
    Delete,
    DropDatabases,
    Provision,
    RenewSecret,
)
from shopkeeper_operator.snapshot import Snapshot

#: Most changes that are written out; `count` tells of all.
NAMED: Final = 100
_WORDS: Final = {"create": "create", "update": "change", "drift": "repair"}
_WITH_PODS: Final = frozenset({"Deployment", "StatefulSet"})


def summary(actions: Iterable[Action], snapshot: Snapshot) -> dict[str, Any]:
    """Return what actions would do: how many changes, which, and the pods of which workloads would be replaced."""
    listed = list(actions)
    changes = [text for action in listed for text in _changes(action)]
    restarts = sorted(action.ref.name for action in listed if isinstance(action, Apply) and _restarts(action, snapshot))
    return {"count": len(changes), "changes": changes[:NAMED], "restarts": restarts}


def _changes(action: Action) -> Iterator[str]:
    match action:
        case Apply():
            yield f"{_WORDS[action.cause]} {action.ref}"
        case CreateSecret():
            yield f"create {action.ref}"
        case RenewSecret():
            yield f"renew {action.secret.ref}"
        case Delete():
            yield f"delete {action.ref}"
        case Provision():
            yield f"database {action.database.database}: {', '.join(str(step) for step in action.steps)}"
        case DropDatabases():
            yield f"drop {len(action.databases)} databases on {action.target.host}"


def _restarts(action: Apply, snapshot: Snapshot) -> bool:
    live = snapshot.children.get(action.ref)
    if live is None or action.ref.kind not in _WITH_PODS:
        return False
    body = live.body
    wanted, found = action.manifest["spec"]["template"], body["spec"]["template"]
    return int(body["spec"].get("replicas", 1)) > 0 and bool(diff.differences(wanted, found))
