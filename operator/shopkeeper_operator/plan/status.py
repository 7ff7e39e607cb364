"""From a plan and what came of it to the Shop's status, and to the Events that tell of a change. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal

from shopkeeper_operator import naming, reasons
from shopkeeper_operator.plan.model import Finding, Plan
from shopkeeper_operator.reasons import RANK, Area
from shopkeeper_operator.snapshot import ServerFacts, Snapshot

#: A condition's message says what is amiss, not everything that is.
_NAMED_AT_MOST: Final = 3
_AREAS: Final = (Area.DATABASE, Area.MESSAGING, Area.MIGRATIONS, Area.CATALOG, Area.GATEWAY)
_CARRIED: Final = ("url", "release", "servicesReady", "services", "database")
#: Conditions that are told of, with the reason of the Event where they are well and where they are amiss (empty:
#: the condition's own).
_NEWS: Final = {
    "Ready": ("Ready", "NotReady"),
    "Degraded": ("Recovered", ""),
    "Paused": ("Resumed", "Paused"),
}
_AMISS: Final = {"Ready": "False", "Degraded": "True", "Paused": "True"}
#: What a Shop without status is taken to have been, so that its first status is no news.
_UNREMARKABLE: Final = {"Ready": "False", "Degraded": "False", "Paused": "False"}


@dataclass(frozen=True, slots=True)
class Announcement:
    """An Event that a person should see."""

    type: Literal["Normal", "Warning"]
    reason: str
    note: str


def build(snapshot: Snapshot, plan: Plan, problems: Sequence[Finding], now: datetime) -> dict[str, Any]:
    """Return the whole status of a Shop."""
    findings = sorted((*plan.findings, *problems), key=lambda found: RANK[found.reason.name])
    conditions = _conditions(plan, findings)
    known = {key: value for key, value in snapshot.shop.status.items() if key in _CARRIED}
    return {
        **known,
        **_facts(snapshot, plan),
        "observedGeneration": snapshot.shop.generation,
        "phase": _phase(snapshot, plan, findings),
        **({"plan": dict(plan.preview)} if plan.paused else {}),
        "conditions": [_stamped(snapshot, condition, now) for condition in conditions],
    }


def _facts(snapshot: Snapshot, plan: Plan) -> dict[str, Any]:
    """Return what was seen; a plan that came to nothing leaves what was known before."""
    made: dict[str, Any] = {key: value for key, value in (("url", plan.url), ("release", plan.release)) if value}
    if isinstance(snapshot.server, ServerFacts):
        made["database"] = {"version": snapshot.server.version, "host": plan.database_host}
    if plan.services:
        made["servicesReady"] = f"{sum(row.serves for row in plan.services)}/{len(naming.SERVICES)}"
        made["services"] = [
            {key: value for key, value in asdict(row).items() if key != "serves"} for row in plan.services
        ]
    return made


def _conditions(plan: Plan, findings: Sequence[Finding]) -> Iterator[dict[str, str]]:
    waiting = [found for found in findings if found.reason.severity == "waiting"]
    degraded = [found for found in findings if found.reason.severity == "degraded"]
    if findings:
        yield _condition("Ready", "False", [*degraded, *waiting])
    else:
        yield _plain("Ready", "True", reasons.AVAILABLE, "The shop is complete and serves.")
    if waiting and not plan.paused and not plan.asleep:
        yield _condition("Progressing", "True", waiting)
    else:
        idle = reasons.PAUSED if plan.paused else reasons.STUCK if degraded else _idle(plan)
        yield _plain("Progressing", "False", idle, "Nothing is under way.")
    if degraded:
        yield _condition("Degraded", "True", degraded)
    else:
        yield _plain("Degraded", "False", reasons.AS_EXPECTED, "Nothing needs a person.")
    yield from _areas(findings)
    if plan.paused:
        yield _plain("Paused", "True", reasons.PAUSED, "spec.paused is true: nothing but status is written.")
    else:
        yield _plain("Paused", "False", reasons.NOT_PAUSED, "The operator keeps the shop as its spec says.")


def _idle(plan: Plan) -> str:
    return reasons.ASLEEP.name if plan.asleep else reasons.COMPLETE


def _areas(findings: Sequence[Finding]) -> Iterator[dict[str, str]]:
    """Yield the conditions of parts; a part is not ready either where the whole Shop could not be planned."""
    unplanned = [found for found in findings if found.reason in reasons.UNPLANNED]
    for area in _AREAS:
        own = [found for found in findings if found.area is area]
        if own:
            yield _condition(area, "False", own)
        elif unplanned:
            yield _condition(area, "Unknown", unplanned)
        else:
            yield _plain(area, "True", reasons.AVAILABLE, _FINE[area])


_FINE: Final = {
    Area.DATABASE: "All databases and roles are there.",
    Area.MESSAGING: "All nodes of the broker serve.",
    Area.MIGRATIONS: "All migrations of the release are applied.",
    Area.CATALOG: "The catalogue is loaded, or the Shop names none.",
    Area.GATEWAY: "The gateway serves.",
}


def _condition(kind: str, status: str, found: Sequence[Finding]) -> dict[str, str]:
    """Return a condition with the reason of the first finding; its message names cause and fix."""
    first = found[0].reason
    named = [f"{finding.reason.name}: {finding.message}" for finding in found[:_NAMED_AT_MOST]]
    if len(found) > _NAMED_AT_MOST:
        named.append(f"and {len(found) - _NAMED_AT_MOST} more")
    text = "; ".join(named)
    fix = f". To do: {first.fix}" if first.severity == "degraded" else ""
    return _plain(str(kind), status, first.name, text + fix)


def _plain(kind: str, status: str, reason: str, message: str) -> dict[str, str]:
    return {"type": str(kind), "status": status, "reason": reason, "message": message}


def _stamped(snapshot: Snapshot, condition: dict[str, str], now: datetime) -> dict[str, Any]:
    known = snapshot.shop.condition(condition["type"])
    same = known.get("status") == condition["status"] and known.get("lastTransitionTime")
    moment = known["lastTransitionTime"] if same else now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**condition, "observedGeneration": snapshot.shop.generation, "lastTransitionTime": moment}


def _phase(snapshot: Snapshot, plan: Plan, findings: Sequence[Finding]) -> str:
    if snapshot.shop.deleting:
        return "Deleting"
    if plan.paused:
        return "Paused"
    if any(found.reason.severity == "degraded" for found in findings):
        return "Degraded"
    if plan.asleep:
        return "Asleep"
    if not findings:
        return "Ready"
    return "Progressing" if plan.services else "Pending"


def announcements(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Announcement]:
    """Yield an Event for each condition that has flipped, and for another cause of a degraded Shop."""
    known = {found["type"]: found for found in before.get("conditions") or ()}
    for condition in after["conditions"]:
        kind, status = condition["type"], condition["status"]
        if kind not in _NEWS:
            continue
        old = known.get(kind, {"status": _UNREMARKABLE[kind], "reason": ""})
        amiss = status == _AMISS[kind]
        another_cause = kind == "Degraded" and amiss and old["reason"] != condition["reason"]
        if old["status"] == status and not another_cause:
            continue
        good, bad = _NEWS[kind]
        reason = (bad or condition["reason"]) if amiss else good
        warning = amiss and kind == "Degraded"
        yield Announcement("Warning" if warning else "Normal", reason, condition["message"][:1000])
