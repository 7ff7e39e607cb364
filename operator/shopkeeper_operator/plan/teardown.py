"""How a Shop goes: what runs first, then the data if it shall go too, then the Shop itself. Pure."""

from shopkeeper_operator import kinds, naming, reasons
from shopkeeper_operator.api.model import InvalidShop, Spec, parse
from shopkeeper_operator.kinds import Ref
from shopkeeper_operator.plan import database, secrets
from shopkeeper_operator.plan.model import (
    Action,
    Delete,
    DropDatabases,
    Finding,
    Plan,
    RemoveFinalizer,
    Target,
)
from shopkeeper_operator.snapshot import Child, Snapshot

#: Kinds whose pods have to be gone before the data may go.
_WITH_PODS = frozenset({"Deployment", "StatefulSet", "Job"})


def plan(snapshot: Snapshot) -> Plan:
    """Return the next step of taking a Shop down; nothing where the Shop does not wait for us."""
    if naming.FINALIZER not in snapshot.shop.finalizers:
        return Plan()
    running = _children(snapshot, data=False)
    if running:
        return _delete(running, "services and database server are being stopped")
    spec = _spec(snapshot)
    if spec is None or spec.deletion_policy == "Retain":
        return Plan(actions=(RemoveFinalizer(),))
    drop = _drop(snapshot, spec)
    data = _children(snapshot, data=True)
    if data:
        gone = _delete(data, "volumes and secrets are being deleted")
        return Plan(actions=(*drop, *gone.actions), findings=gone.findings)
    return Plan(actions=(*drop, RemoveFinalizer()))


def _spec(snapshot: Snapshot) -> Spec | None:
    """Return the spec; None, which keeps the data, where it cannot be understood."""
    try:
        return parse(snapshot.shop.name, dict(snapshot.shop.spec))
    except InvalidShop:
        return None


def _children(snapshot: Snapshot, *, data: bool) -> dict[Ref, Child]:
    return {ref: child for ref, child in snapshot.children.items() if kinds.BY_NAME[ref.kind].data is data}


def _delete(children: dict[Ref, Child], message: str) -> Plan:
    return Plan(
        actions=tuple(
            Delete(ref, child.uid, wait=ref.kind in _WITH_PODS)
            for ref, child in sorted(children.items())
            if not child.terminating
        ),
        findings=(Finding(reasons.TEARDOWN, message),),
    )


def _drop(snapshot: Snapshot, spec: Spec) -> tuple[Action, ...]:
    """Return the drop of databases on a shared server.

    Where the administrator's secret is gone (as in a namespace that is being deleted) nobody can drop them, and
    the Shop must not wait for ever.
    """
    server = database.target(snapshot, spec)
    if not isinstance(server, Target) or not server.shared:
        return ()
    return (DropDatabases(server, secrets.databases(snapshot, server)),)
