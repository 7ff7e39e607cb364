"""A shop that sleeps: no pods, all data. The gateway goes first, then the services, then broker and database. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from shopkeeper_operator import naming, reasons
from shopkeeper_operator.kinds import Ref
from shopkeeper_operator.plan import health, prune, waves
from shopkeeper_operator.plan.model import Apply, Delete, Finding, Manifest
from shopkeeper_operator.snapshot import Snapshot

_SCALED: Final = ("Deployment", "StatefulSet")


def desired(manifests: Mapping[Ref, Manifest]) -> dict[Ref, Manifest]:
    """Return what of the manifests there is in a sleeping shop: nothing that scales, and nothing that runs once."""
    return {ref: body for ref, body in manifests.items() if ref.kind not in ("HorizontalPodAutoscaler", "Job")}


def without_pods(manifest: Manifest) -> Manifest:
    """Return a manifest that runs no pods."""
    if manifest["kind"] not in _SCALED:
        return manifest
    return manifest | {"spec": manifest["spec"] | {"replicas": 0}}


def actions(
    manifests: Mapping[Ref, Manifest], snapshot: Snapshot, *, at_once: bool = False
) -> Iterator[Apply | Delete]:
    """Yield what to write now.

    Autoscalers go, and Jobs that have not ended: they come back when the shop wakes. A Job that is done stays, so that
    nothing is migrated or loaded again. `at_once` lets nothing wait, to see all that there is to do.
    """
    for child in snapshot.of_kind("HorizontalPodAutoscaler"):
        if not child.terminating and prune.owned(child.body, snapshot):
            yield Delete(child.ref, child.uid)
    for child in snapshot.of_kind("Job"):
        body = child.body
        ended = health.job_done(body) or health.job_given_up(body)
        if not ended and not child.terminating and prune.owned(body, snapshot):
            yield Delete(child.ref, child.uid)
    wanted = desired(manifests)
    for ref, manifest in wanted.items():
        live = snapshot.children.get(ref)
        cause = waves.change(manifest, None if live is None else live.body, snapshot)
        if cause is not None and (cause == "drift" or at_once or _open(ref, snapshot)):
            yield Apply(ref, manifest, cause, exists=live is not None)


def _open(ref: Ref, snapshot: Snapshot) -> bool:
    """Tell whether a workload may stop: those that need it have."""
    gateway = naming.part(snapshot.shop.name, naming.GATEWAY)
    if ref.kind not in _SCALED or ref.name == gateway:
        return True
    if ref.kind == "Deployment":
        return not any(name == gateway for name, _ in _running(snapshot, "Deployment"))
    return not any(_running(snapshot, "Deployment"))


def _running(snapshot: Snapshot, kind: str) -> Iterator[tuple[str, int]]:
    """Yield the workloads of a kind that have pods, or are to have some, and how many."""
    for child in snapshot.of_kind(kind):
        body: Mapping[str, Any] = child.body
        pods = int((body.get("status") or {}).get("replicas", 0))
        if pods or int(body["spec"].get("replicas", 1)):
            yield child.ref.name, pods


def findings(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield that the shop sleeps, or what is still awake."""
    awake = [name for kind in _SCALED for name, _ in _running(snapshot, kind)]
    if awake:
        yield Finding(reasons.FALLING_ASLEEP, f"pods are being stopped, still of {', '.join(awake)}")
    else:
        yield Finding(reasons.ASLEEP, "spec.mode is Asleep: no pods run, all data are kept")
