"""What is not as it should be, and what runs: findings and rows for the status. Pure."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from shopkeeper_operator import naming, reasons, values
from shopkeeper_operator.api.model import Spec
from shopkeeper_operator.plan.health import Health, State, time_of
from shopkeeper_operator.plan.model import Finding, ServiceRow
from shopkeeper_operator.plan.waves import CATALOG, Task, Waves
from shopkeeper_operator.reasons import Reason
from shopkeeper_operator.snapshot import Snapshot

_SERVICE_REASONS: Final = {
    State.ROLLING: reasons.SERVICE_ROLLING_OUT,
    State.STUCK: reasons.ROLLOUT_STUCK,
    State.UNAVAILABLE: reasons.SERVICE_UNAVAILABLE,
}
_GATEWAY_REASONS: Final = {
    State.ABSENT: reasons.GATEWAY_WAITING,
    State.ROLLING: reasons.GATEWAY_ROLLING_OUT,
    State.STUCK: reasons.GATEWAY_UNAVAILABLE,
    State.UNAVAILABLE: reasons.GATEWAY_UNAVAILABLE,
}


def postgres(snapshot: Snapshot, now: datetime, patience: timedelta) -> tuple[Finding, ...]:
    """Return why the shop's own database server does not serve; empty where it does."""
    name = naming.part(snapshot.shop.name, naming.POSTGRES)
    live = snapshot.child("StatefulSet", name)
    if live is not None and int((live.body.get("status") or {}).get("readyReplicas", 0)) > 0:
        return ()
    since = _since(snapshot, reasons.Area.DATABASE, now)
    if now - since >= patience:
        return (Finding(reasons.POSTGRES_UNAVAILABLE, f"StatefulSet {name} has no ready pod since {since:%H:%M} UTC"),)
    return (Finding(reasons.POSTGRES_STARTING, f"StatefulSet {name} has no ready pod yet"),)


def messaging(snapshot: Snapshot, wanted: int, now: datetime, patience: timedelta) -> tuple[Finding, ...]:
    """Return why the broker is not complete; empty where all its nodes serve."""
    name = naming.part(snapshot.shop.name, naming.RABBITMQ)
    live = snapshot.child("StatefulSet", name)
    ready = 0 if live is None else int((live.body.get("status") or {}).get("readyReplicas", 0))
    if ready >= wanted:
        return ()
    since = _since(snapshot, reasons.Area.MESSAGING, now)
    pods = f"StatefulSet {name} has {ready} of {wanted} pods ready"
    if now - since >= patience:
        return (Finding(reasons.BROKER_UNAVAILABLE, f"{pods} since {since:%H:%M} UTC"),)
    return (Finding(reasons.BROKER_STARTING, pods),)


def _since(snapshot: Snapshot, area: reasons.Area, now: datetime) -> datetime:
    """Return since when the stored condition of an area is False; `now` where it is not."""
    known = snapshot.shop.condition(area)
    return time_of(known.get("lastTransitionTime"), now) if known.get("status") == "False" else now


def catalog(decided: Waves, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is to say about a catalogue that is not loaded."""
    task = decided.catalog
    if task is None or task.done:
        return
    if task.failures or task.given_up:
        yield Finding(reasons.CATALOG_FAILED, _failed(task, snapshot))
    else:
        state = "waits for the services" if CATALOG in decided.held else "runs"
        yield Finding(reasons.CATALOG_LOADING, f"Job {task.job} {state}")


def _failed(task: Task, snapshot: Snapshot) -> str:
    log = snapshot.logs.get(task.job) or "no log was left"
    tries = f"{task.failures} failed attempts" if task.failures != 1 else "1 failed attempt"
    return f"Job {task.job} has {tries}. Last lines of its log: {log}"


def migrations(decided: Waves, snapshot: Snapshot, databases: Collection[str]) -> Iterator[Finding]:
    """Yield what is to say about migrations that are not done."""
    for service, migration in decided.migrations.items():
        if migration.done:
            continue
        live = snapshot.child("Job", migration.job)
        if migration.failures or migration.given_up:
            yield Finding(reasons.MIGRATION_FAILED, _failed(migration, snapshot))
        elif live is None and service not in databases:
            yield Finding(reasons.WAITING_FOR_DATABASE, f"Job {migration.job} waits for the database of {service}")
        else:
            yield Finding(reasons.MIGRATION_RUNNING, f"Job {migration.job} runs")


def services(decided: Waves) -> Iterator[Finding]:
    """Yield what is to say about services that do not serve as wanted."""
    for service, state in decided.services.items():
        if service in decided.held or state.state is State.ABSENT:
            yield Finding(reasons.WAITING_FOR_MIGRATION, f"{service} waits for its migration")
        elif state.state in _SERVICE_REASONS:
            yield _finding(_SERVICE_REASONS[state.state], service, state)


def gateway(decided: Waves) -> Iterator[Finding]:
    """Yield what is to say about the gateway."""
    if naming.GATEWAY in decided.held:
        yield Finding(reasons.GATEWAY_WAITING, "the gateway waits for the services")
    elif decided.gateway.state in _GATEWAY_REASONS:
        yield _finding(_GATEWAY_REASONS[decided.gateway.state], naming.GATEWAY, decided.gateway)


def _finding(reason: Reason, part: str, state: Health) -> Finding:
    return Finding(reason, f"{part}: {state.message or state.state.value}")


def rows(decided: Waves) -> tuple[ServiceRow, ...]:
    """Return a row per service."""
    return tuple(
        ServiceRow(
            name=service,
            ready=state.ready,
            replicas=state.wanted,
            image=state.image,
            migration=_done(decided, service),
            serves=state.state is State.READY and state.wanted > 0 and service not in decided.held,
        )
        for service, state in decided.services.items()
    )


def _done(decided: Waves, service: str) -> str:
    migration = decided.migrations.get(service)
    return migration.job if migration is not None and migration.done else ""


def url(snapshot: Snapshot, spec: Spec) -> str:
    """Return where shoppers find the gateway, as far as the cluster tells.

    A load balancer's address and a node port are used where there is no host; a Shop behind a plain Service has
    its address inside the cluster.
    """
    if spec.host:
        return values.url(spec)
    name = naming.part(snapshot.shop.name, naming.GATEWAY)
    live = snapshot.child("Service", name)
    body: dict[str, Any] = {} if live is None else live.body
    ingress = ((body.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [{}]
    outside = ingress[0].get("hostname") or ingress[0].get("ip")
    return f"http://{outside}" if outside else f"http://{name}.{snapshot.shop.key.namespace}.svc"
