"""What a Deployment's status means."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shopkeeper_operator.plan import health
from shopkeeper_operator.plan.health import State

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DONE = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
UPDATING = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
LATE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too late"}


def lacking(seconds: float) -> dict[str, str]:
    """Return the condition of a Deployment that has lacked pods for so long."""
    since = NOW - timedelta(seconds=seconds)
    return {"type": "Available", "status": "False", "lastTransitionTime": since.strftime("%Y-%m-%dT%H:%M:%SZ")}


def deployment(wanted: int = 2, observed: int = 3, **status: Any) -> dict[str, Any]:
    """Return a Deployment of generation 3."""
    return {
        "metadata": {"generation": 3},
        "spec": {"replicas": wanted, "template": {"spec": {"containers": [{"image": "x:1"}]}}},
        "status": {"observedGeneration": observed, **status},
    }


def pods(available: int, updated: int = 2, total: int = 2) -> dict[str, int]:
    """Return the counts of a status."""
    return {"replicas": total, "updatedReplicas": updated, "availableReplicas": available}


@pytest.mark.parametrize(
    ("live", "minimum", "state"),
    [
        pytest.param(None, None, State.ABSENT, id="absent"),
        pytest.param(deployment(), None, State.ROLLING, id="just made"),
        pytest.param(deployment(**pods(2), conditions=[DONE]), None, State.READY, id="ready"),
        pytest.param(deployment(observed=2, **pods(2), conditions=[DONE]), None, State.ROLLING, id="not yet seen"),
        pytest.param(deployment(**pods(2, 1, 3), conditions=[UPDATING]), None, State.ROLLING, id="old pods"),
        pytest.param(deployment(**pods(1), conditions=[UPDATING]), None, State.ROLLING, id="pods start"),
        pytest.param(deployment(**pods(2, 1, 3), conditions=[LATE]), None, State.STUCK, id="deadline"),
        pytest.param(deployment(observed=2, **pods(2), conditions=[LATE]), None, State.ROLLING, id="old deadline"),
        pytest.param(deployment(**pods(1), conditions=[DONE, lacking(5)]), None, State.ROLLING, id="crashed just now"),
        pytest.param(deployment(**pods(1), conditions=[DONE, lacking(90)]), None, State.UNAVAILABLE, id="crashed"),
        pytest.param(deployment(4, **pods(1, 4, 4), conditions=[DONE, lacking(5)]), 1, State.READY, id="scales up"),
        pytest.param(deployment(4, **pods(1, 1, 1), conditions=[DONE]), 1, State.READY, id="autoscaler wants more"),
        pytest.param(deployment(4, **pods(1, 4, 4), conditions=[DONE, lacking(5)]), 2, State.ROLLING, id="too few"),
    ],
)
def test_state(live: dict[str, Any] | None, minimum: int | None, state: State) -> None:
    assert health.of_deployment(live, minimum, NOW).state is state


def test_a_crash_is_looked_at_again_when_grace_ends() -> None:
    found = health.of_deployment(deployment(**pods(1), conditions=[DONE, lacking(20)]), None, NOW)

    assert found.look_again == 40
    assert found.message == "1/2 pods available"


def test_jobs() -> None:
    done = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    failed = {"status": {"failed": 3, "conditions": [{"type": "Failed", "status": "True"}]}}

    assert health.job_done(done)
    assert not health.job_done(failed)
    assert not health.job_done(None)
    assert health.job_given_up(failed)
    assert not health.job_given_up(done)
    assert [health.job_failures(job) for job in (None, done, failed)] == [0, 0, 3]
