"""How a workload is doing, read from its status. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

#: So long a part that was rolled out may lack pods (a crash, a moved pod) before a person should look.
GRACE: Final = timedelta(seconds=60)


class State(Enum):
    """What a Deployment is doing."""

    ABSENT = "absent"
    ROLLING = "rolling out"
    READY = "ready"
    UNAVAILABLE = "unavailable"
    STUCK = "stuck"


@dataclass(frozen=True, slots=True)
class Health:
    """State of a Deployment, its pods, and when an unchanged state means something else."""

    state: State
    ready: int = 0
    wanted: int = 0
    image: str = ""
    message: str = ""
    look_again: float | None = None


def of_deployment(live: Mapping[str, Any] | None, minimum: int | None, now: datetime) -> Health:
    """Return the health of a Deployment.

    Args:
        live: the object, None where there is none.
        minimum: fewest pods of its autoscaler; a Deployment that scales up beyond them is still ready. None where
            the number of pods is fixed.
        now: the time, for how long pods have been lacking.
    """
    if live is None:
        return Health(State.ABSENT)
    status = live.get("status") or {}
    wanted = int(live["spec"].get("replicas", 1))
    available = int(status.get("availableReplicas", 0))
    seen = int(status.get("observedGeneration", 0)) >= int(live["metadata"].get("generation", 1))
    updated, total = int(status.get("updatedReplicas", 0)), int(status.get("replicas", 0))
    needed = wanted if minimum is None else min(wanted, minimum)
    image = live["spec"]["template"]["spec"]["containers"][0]["image"]
    pods = f"{available}/{wanted} pods available"
    if seen and _condition(live, "Progressing").get("reason") == "ProgressDeadlineExceeded":
        return Health(State.STUCK, available, wanted, image, f"{pods}: {_condition(live, 'Progressing')['message']}")
    if seen and updated == total and updated >= needed and available >= needed:
        return Health(State.READY, available, wanted, image)
    rolled_out = _condition(live, "Progressing").get("reason") == "NewReplicaSetAvailable"
    lacking = now - time_of(_condition(live, "Available").get("lastTransitionTime"), now)
    if seen and rolled_out and updated == total and lacking >= GRACE:
        return Health(State.UNAVAILABLE, available, wanted, image, pods)
    left = max(1.0, (GRACE - lacking).total_seconds()) if rolled_out else None
    return Health(State.ROLLING, available, wanted, image, pods, left)


def _condition(live: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = (live.get("status") or {}).get("conditions") or ()
    return next((found for found in conditions if found.get("type") == kind), {})


def time_of(value: str | None, default: datetime) -> datetime:
    """Return the moment of a timestamp of the API; `default` where there is none."""
    return datetime.fromisoformat(value) if value else default


def job_done(live: Mapping[str, Any] | None) -> bool:
    """Tell whether a Job has succeeded."""
    return live is not None and any(
        found.get("type") == "Complete" and found.get("status") == "True"
        for found in (live.get("status") or {}).get("conditions") or ()
    )


def job_failures(live: Mapping[str, Any] | None) -> int:
    """Return how many attempts of a Job have failed."""
    return int((live or {}).get("status", {}).get("failed", 0)) if live is not None else 0


def job_given_up(live: Mapping[str, Any] | None) -> bool:
    """Tell whether a Job has failed for good."""
    return live is not None and any(
        found.get("type") == "Failed" and found.get("status") == "True"
        for found in (live.get("status") or {}).get("conditions") or ()
    )
