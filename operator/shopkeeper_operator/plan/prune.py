"""What is no longer wanted. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from shopkeeper_operator import kinds, naming
from shopkeeper_operator.kinds import Ref
from shopkeeper_operator.plan import health
from shopkeeper_operator.plan.model import Delete
from shopkeeper_operator.plan.waves import Task
from shopkeeper_operator.snapshot import Snapshot


def unwanted(desired: Collection[Ref], snapshot: Snapshot, tasks: Mapping[str, Task]) -> Iterator[Delete]:
    """Yield the deletion of every child that the chart does not render any more.

    Only what this Shop owns is pruned: a label alone, which anybody can set, costs nobody an object. Data (secrets,
    volume claims) is never pruned. An old Job stays until it has ended and its successor is done: its log may be all
    that tells what happened.
    """
    for ref in sorted(snapshot.children):
        child = snapshot.children[ref]
        if ref in desired or kinds.BY_NAME[ref.kind].data or child.terminating:
            continue
        body = child.body
        if not owned(body, snapshot) or (ref.kind == "Job" and not _ended_and_replaced(body, tasks)):
            continue
        yield Delete(ref, child.uid)


def owned(body: Mapping[str, Any], snapshot: Snapshot) -> bool:
    """Tell whether an object belongs to this very Shop, which a label alone does not say."""
    owners = body["metadata"].get("ownerReferences") or ()
    return any(owner.get("uid") == snapshot.shop.uid for owner in owners)


def _ended_and_replaced(body: Mapping[str, Any], tasks: Mapping[str, Task]) -> bool:
    part = str(body["metadata"].get("labels", {}).get(naming.NAME_LABEL, ""))
    successor = tasks.get(part)
    ended = health.job_done(body) or health.job_given_up(body)
    return ended and (successor is None or successor.done)
