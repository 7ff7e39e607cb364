"""From findings to conditions, and from conditions to Events."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shopkeeper_operator import reasons
from shopkeeper_operator.api.status import Status
from shopkeeper_operator.kinds import Key
from shopkeeper_operator.plan import status
from shopkeeper_operator.plan.model import Finding, Plan, ServiceRow
from shopkeeper_operator.snapshot import Environment, ShopObject, Snapshot

EARLIER, NOW = "2026-01-01T00:00:00Z", datetime(2026, 1, 1, 12, tzinfo=UTC)
ROWS = tuple(ServiceRow(name, 1, 1, "x:1", "job", serves=True) for name in ("users", "products"))


def snapshot(before: dict[str, Any] | None = None) -> Snapshot:
    """Return a Shop with a stored status."""
    shop = ShopObject(
        key=Key("shops", "demo"),
        uid="s1",
        version=7,
        generation=3,
        finalizers=(),
        deleting=False,
        spec={},
        status=before or {},
    )
    return Snapshot(shop, {}, Environment("1.0.0", "", "system"))


def build(*findings: Finding, before: dict[str, Any] | None = None, **plan: Any) -> dict[str, Any]:
    """Return the status that findings make."""
    return status.build(snapshot(before), Plan(findings=findings, services=ROWS, **plan), (), NOW)


def conditions(made: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return status and reason of each condition."""
    return {found["type"]: (found["status"], found["reason"]) for found in made["conditions"]}


def test_all_is_well() -> None:
    made = build()

    assert made["phase"] == "Ready"
    assert conditions(made) == {
        "Ready": ("True", "Available"),
        "Progressing": ("False", "Complete"),
        "Degraded": ("False", "AsExpected"),
        "DatabaseReady": ("True", "Available"),
        "MessagingReady": ("True", "Available"),
        "MigrationsApplied": ("True", "Available"),
        "CatalogLoaded": ("True", "Available"),
        "GatewayReady": ("True", "Available"),
        "Paused": ("False", "NotPaused"),
    }
    assert all(found["observedGeneration"] == 3 for found in made["conditions"])
    Status.model_validate(made)


def test_what_wants_a_person_comes_first() -> None:
    made = build(
        Finding(reasons.POSTGRES_STARTING, "wait"),
        Finding(reasons.ROLLOUT_STUCK, "users: 0/1"),
        Finding(reasons.MIGRATION_RUNNING, "job"),
    )

    assert conditions(made) == {
        "Ready": ("False", "RolloutStuck"),
        "Progressing": ("True", "PostgresStarting"),
        "Degraded": ("True", "RolloutStuck"),
        "DatabaseReady": ("False", "PostgresStarting"),
        "MessagingReady": ("True", "Available"),
        "MigrationsApplied": ("False", "MigrationRunning"),
        "CatalogLoaded": ("True", "Available"),
        "GatewayReady": ("True", "Available"),
        "Paused": ("False", "NotPaused"),
    }
    assert made["phase"] == "Degraded"


def test_a_message_names_cause_and_fix_and_not_everything() -> None:
    made = build(*(Finding(reasons.SERVICE_UNAVAILABLE, f"s{i}") for i in range(5)))

    assert made["conditions"][0]["message"] == (
        "ServiceUnavailable: s0; ServiceUnavailable: s1; ServiceUnavailable: s2; and 2 more. "
        f"To do: {reasons.SERVICE_UNAVAILABLE.fix}"
    )


def test_a_condition_keeps_its_time_until_it_flips() -> None:
    first = build(Finding(reasons.POSTGRES_STARTING, "wait"))
    for condition in first["conditions"]:
        condition["lastTransitionTime"] = EARLIER

    second = build(Finding(reasons.MIGRATION_RUNNING, "job"), before=first)

    times = {found["type"]: found["lastTransitionTime"] for found in second["conditions"]}
    flipped = {kind for kind, time in times.items() if time != EARLIER}
    assert flipped == {"DatabaseReady", "MigrationsApplied"}


def test_the_same_findings_make_the_same_status() -> None:
    first = build(Finding(reasons.POSTGRES_STARTING, "wait"))

    later = status.build(
        snapshot(first),
        Plan(findings=(Finding(reasons.POSTGRES_STARTING, "wait"),), services=ROWS),
        (),
        NOW.replace(hour=15),
    )

    assert later == first


def test_a_plan_that_came_to_nothing_keeps_what_was_known() -> None:
    first = build(url="http://shop", release="1.0.0")

    made = status.build(snapshot(first), Plan(findings=(Finding(reasons.INVALID_SPEC, "no"),)), (), NOW)

    assert {key: made[key] for key in ("url", "release", "services", "servicesReady")} == {
        key: first[key] for key in ("url", "release", "services", "servicesReady")
    }
    assert conditions(made)["DatabaseReady"] == ("Unknown", "InvalidSpec")


def test_paused() -> None:
    made = build(Finding(reasons.SERVICE_ROLLING_OUT, "users"), paused=True)

    assert made["phase"] == "Paused"
    assert conditions(made)["Paused"] == ("True", "Paused")
    assert conditions(made)["Progressing"] == ("False", "Paused")


def events(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    """Return type and reason of the Events between two statuses."""
    return [(event.type, event.reason) for event in status.announcements(before, after)]


def test_a_new_shop_is_announced_when_it_is_ready() -> None:
    starting = build(Finding(reasons.POSTGRES_STARTING, "wait"))

    assert events({}, starting) == []
    assert events(starting, build()) == [("Normal", "Ready")]
    assert events(build(), build()) == []


def test_a_degraded_shop_is_announced_once_for_each_cause() -> None:
    stuck = build(Finding(reasons.ROLLOUT_STUCK, "users"))
    failed = build(Finding(reasons.MIGRATION_FAILED, "job"))

    assert events(build(), stuck) == [("Normal", "NotReady"), ("Warning", "RolloutStuck")]
    assert events(stuck, build(Finding(reasons.ROLLOUT_STUCK, "orders"))) == []
    assert events(stuck, failed) == [("Warning", "MigrationFailed")]
    assert events(failed, build()) == [("Normal", "Ready"), ("Normal", "Recovered")]


def test_a_pause_is_announced() -> None:
    assert events(build(), build(paused=True)) == [("Normal", "Paused")]
    assert events(build(paused=True), build()) == [("Normal", "Resumed")]


def test_reasons_are_one_list() -> None:
    declared = {value.name for value in vars(reasons).values() if isinstance(value, reasons.Reason)}

    assert {reason.name for reason in reasons.ALL} == declared
    assert len(reasons.ALL) == len(declared)
    for reason in reasons.ALL:
        assert reason.name[0].isupper()
        assert reason.name.isalnum()
        assert reason.cause.endswith(".")
        assert reason.fix.rstrip().endswith((".", "postgres"))


def test_the_readme_lists_the_reasons() -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()

    rows = [f"| `{r.name}` | {r.severity} | {r.cause} | {r.fix} |" for r in reasons.ALL]
    assert readme.endswith("\n".join(rows) + "\n")
