"""Why pods do not run: read from pods, Events, volume claims and autoscalers, as cause and fix. Pure.

These are looked at only while a Shop is not ready, see `observe.pods`.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from shopkeeper_operator import naming, reasons
from shopkeeper_operator.plan.health import time_of
from shopkeeper_operator.plan.model import Finding
from shopkeeper_operator.reasons import Area
from shopkeeper_operator.snapshot import Snapshot

#: So long a scheduler, a provisioner or a metrics pipeline may take before a person should look.
GRACE: Final = timedelta(seconds=30)
METRICS_GRACE: Final = timedelta(minutes=3)

_NO_IMAGE: Final = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_BAD_CONFIG: Final = frozenset({"CreateContainerConfigError", "CreateContainerError"})
_CRASHES: Final = "CrashLoopBackOff"
_AREAS: Final = {
    naming.POSTGRES: Area.DATABASE,
    naming.RABBITMQ: Area.MESSAGING,
    naming.GATEWAY: Area.GATEWAY,
    "catalog": Area.CATALOG,
}


def problems(snapshot: Snapshot, now: datetime) -> Iterator[Finding]:
    """Yield why pods of the Shop do not run, each cause once per part."""
    seen = set()
    for part, finding in _all(snapshot, now):
        if (part, finding.reason.name) not in seen:
            seen.add((part, finding.reason.name))
            yield finding


def _all(snapshot: Snapshot, now: datetime) -> Iterator[tuple[str, Finding]]:
    for pod in snapshot.pods:
        part = str((pod["metadata"].get("labels") or {}).get(naming.NAME_LABEL, ""))
        for reason, text in _of_pod(pod, snapshot, now):
            yield part, Finding(reason, f"{part}: {text}", _area(part))
    for complaint in snapshot.complaints:
        part, lacks_pods = _owner_of(complaint.name, snapshot)
        if complaint.reason == "FailedMount" and part:
            yield part, Finding(reasons.VOLUME_NOT_MOUNTED, f"{part}: {complaint.message}", _area(part))
        elif lacks_pods:
            yield part, Finding(reasons.PODS_REFUSED, f"{part}: {complaint.message}", _area(part))
    yield from _claims(snapshot, now)
    yield from _autoscalers(snapshot, now)


def _area(part: str) -> Area:
    return Area.MIGRATIONS if part.endswith("-migrate") else _AREAS.get(part, Area.SERVICES)


def _owner_of(name: str, snapshot: Snapshot) -> tuple[str, bool]:
    """Return the part that a pod or a replica set belongs to by its name, and whether that part has too few pods."""
    workloads = [child for kind in _LACKING for child in snapshot.of_kind(kind)]
    fitting = [child for child in workloads if name == child.ref.name or name.startswith(f"{child.ref.name}-")]
    if not fitting:
        return "", False
    owner = max(fitting, key=lambda child: len(child.ref.name))
    body = owner.body
    part = str((body["metadata"].get("labels") or {}).get(naming.NAME_LABEL, ""))
    return part, _LACKING[owner.ref.kind](body)


def _fewer_than_wanted(body: Mapping[str, Any]) -> bool:
    status = body.get("status") or {}
    refused = any(
        condition.get("type") == "ReplicaFailure" and condition.get("status") == "True"
        for condition in status.get("conditions") or ()
    )
    return refused or int(status.get("replicas", 0)) < int(body["spec"].get("replicas", 1))


def _has_not_begun(body: Mapping[str, Any]) -> bool:
    status = body.get("status") or {}
    return not status.get("active") and not any(
        condition.get("type") in ("Complete", "Failed") for condition in status.get("conditions") or ()
    )


#: When a workload of a kind has fewer pods than it should.
_LACKING: Final[Mapping[str, Callable[[Mapping[str, Any]], bool]]] = {
    "Deployment": _fewer_than_wanted,
    "StatefulSet": _fewer_than_wanted,
    "Job": _has_not_begun,
}


def _of_pod(pod: Mapping[str, Any], snapshot: Snapshot, now: datetime) -> Iterator[tuple[reasons.Reason, str]]:
    status = pod.get("status") or {}
    if status.get("phase") in ("Succeeded", "Failed") or "deletionTimestamp" in pod["metadata"]:
        return
    for condition in status.get("conditions") or ():
        late = now - time_of(condition.get("lastTransitionTime"), now) >= GRACE
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable" and late:
            yield reasons.POD_UNSCHEDULABLE, str(condition.get("message", "no node takes the pod"))
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        yield from _of_container(container, str(pod["metadata"]["name"]), snapshot)


def _of_container(container: Mapping[str, Any], pod: str, snapshot: Snapshot) -> Iterator[tuple[reasons.Reason, str]]:
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason = waiting.get("reason")
    if reason in _NO_IMAGE:
        yield reasons.IMAGE_NOT_PULLED, f"image {container.get('image')}"
    elif reason in _BAD_CONFIG:
        yield reasons.CONFIG_MISSING, str(waiting.get("message", reason))
    elif reason == _CRASHES:
        ended = (container.get("lastState") or {}).get("terminated") or {}
        if ended.get("reason") == "OOMKilled":
            yield reasons.OUT_OF_MEMORY, f"container {container.get('name')} of pod {pod} passed its memory limit"
        else:
            log = snapshot.logs.get(pod) or "no log was left"
            yield reasons.CONTAINER_CRASHES, f"exit code {ended.get('exitCode')}. Last lines of its log: {log}"


def crashed(pod: Mapping[str, Any]) -> tuple[str, int] | None:
    """Return the container of a pod that crashes again and again and how often it has, None where none does."""
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        if ((container.get("state") or {}).get("waiting") or {}).get("reason") == _CRASHES:
            return str(container["name"]), int(container.get("restartCount", 0))
    return None


def _claims(snapshot: Snapshot, now: datetime) -> Iterator[tuple[str, Finding]]:
    for child in snapshot.of_kind("PersistentVolumeClaim"):
        body = child.body
        old = now - time_of(body["metadata"].get("creationTimestamp"), now) >= GRACE
        part = str((body["metadata"].get("labels") or {}).get(naming.NAME_LABEL, ""))
        if (body.get("status") or {}).get("phase") != "Pending" or not old or _has_ready_pods(part, snapshot):
            continue
        wanted = body["spec"].get("storageClassName")
        cause = f"storage class {wanted} gives it none" if wanted else "the cluster has no default storage class"
        yield part, Finding(reasons.VOLUME_PENDING, f"claim {child.ref.name} has no volume: {cause}", _area(part))


def _has_ready_pods(part: str, snapshot: Snapshot) -> bool:
    live = snapshot.child("StatefulSet", naming.part(snapshot.shop.name, part))
    if live is None:
        return False
    body = live.body
    return int((body.get("status") or {}).get("readyReplicas", 0)) >= int(body["spec"].get("replicas", 1))


def _autoscalers(snapshot: Snapshot, now: datetime) -> Iterator[tuple[str, Finding]]:
    for child in snapshot.of_kind("HorizontalPodAutoscaler"):
        for condition in (child.body.get("status") or {}).get("conditions") or ():
            failing = condition.get("type") == "ScalingActive" and condition.get("status") == "False"
            metrics = str(condition.get("reason", "")).startswith("FailedGet")
            if failing and metrics and now - time_of(condition.get("lastTransitionTime"), now) >= METRICS_GRACE:
                text = f"{child.ref.name}: {condition.get('reason')}"
                yield child.ref.name, Finding(reasons.METRICS_MISSING, text)
