"""What is applied now and what waits. Pure.

Creation and change go in waves: an object waits until what it needs is ready. Repair never waits: an object that is
as it was applied last, but for drift, is put right at once, so that what runs is never taken down, or left damaged,
for the sake of another part. A gate opens as well where what it waits for has failed for good: one broken service
does not hold up the gateway of the others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shopkeeper_operator import naming
from shopkeeper_operator.kinds import Ref
from shopkeeper_operator.plan import diff, health, manifests
from shopkeeper_operator.plan.health import Health, State
from shopkeeper_operator.plan.model import Apply, Cause, HandOver, Manifest
from shopkeeper_operator.snapshot import Child, Snapshot

CATALOG: Final = "catalog"
_MIGRATION_SUFFIX: Final = "-migrate"
_MIGRATIONS: Final = 40
_SERVICES: Final = 50
_CATALOG: Final = 55
_GATEWAY: Final = 60
#: What the Job that loads the catalogue talks to.
_CATALOG_NEEDS: Final = ("users", "products", "inventory")


@dataclass(frozen=True, slots=True)
class Task:
    """A wanted Job and how it is doing."""

    job: str
    done: bool
    failures: int = 0
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Waves:
    """What the waves decide: writes in order, and the state of every part.

    `tasks` are all Jobs by their part, such as `users-migrate` or `catalog`.
    """

    writes: tuple[Apply | HandOver, ...]
    tasks: Mapping[str, Task]
    services: Mapping[str, Health]
    gateway: Health
    held: frozenset[str]

    @property
    def migrations(self) -> dict[str, Task]:
        """The migration Jobs by service."""
        return _migrations(self.tasks)

    @property
    def catalog(self) -> Task | None:
        """The Job that loads the catalogue, None where there is no catalogue."""
        return self.tasks.get(CATALOG)


def decide(
    desired: Mapping[Ref, Manifest],
    snapshot: Snapshot,
    databases: frozenset[str],
    now: datetime,
    *,
    at_once: bool = False,
) -> Waves:
    """Return what to write now.

    Args:
        desired: finished manifests in order of wave.
        snapshot: the Shop as it is.
        databases: services whose database is complete.
        now: the time.
        at_once: let nothing wait, to see all that there is to do.
    """
    live = {ref: child.body for ref, child in snapshot.children.items() if ref in desired}
    changes = {ref: change(manifest, live.get(ref), snapshot) for ref, manifest in desired.items()}
    tasks = _tasks(desired, live)
    minimums = _minimums(desired)
    services = {service: _health(snapshot, service, live, changes, minimums, now) for service in naming.SERVICES}
    writes: list[Apply | HandOver] = []
    held: set[str] = set()
    for ref, manifest in desired.items():
        cause = changes[ref]
        if cause is None:
            continue
        if cause != "drift" and not at_once and not _open(manifest, snapshot, databases, _migrations(tasks), services):
            held.add(manifests.part_of(manifest))
            continue
        child = snapshot.children.get(ref)
        if child is not None and child.owns_replicas and "replicas" not in manifest["spec"]:
            # At 0, where a shop has slept, an autoscaler does nothing.
            writes.append(HandOver(ref, max(int(live[ref]["spec"]["replicas"]), minimums.get(ref.name, 1))))
        writes.append(Apply(ref, manifest, cause, exists=child is not None))
    gateway = _health(snapshot, naming.GATEWAY, live, changes, minimums, now)
    return Waves(tuple(writes), tasks, services, gateway, frozenset(held))


def change(manifest: Manifest, live: dict[str, Any] | None, snapshot: Snapshot) -> Cause | None:
    """Return why an object has to be written, None where it is as wanted."""
    if live is None:
        return "create"
    if manifests.digest_of(manifest) != manifests.digest_of(live):
        return "update"
    child: Child = snapshot.children[manifests.ref_of(manifest)]
    return "drift" if diff.differences(manifest, live) - child.tolerated else None


def _tasks(desired: Mapping[Ref, Manifest], live: Mapping[Ref, Mapping[str, Any]]) -> dict[str, Task]:
    made = {}
    for ref, manifest in desired.items():
        if ref.kind == "Job":
            job = live.get(ref)
            made[manifests.part_of(manifest)] = Task(
                ref.name, health.job_done(job), health.job_failures(job), health.job_given_up(job)
            )
    return made


def _migrations(tasks: Mapping[str, Task]) -> dict[str, Task]:
    return {
        part.removesuffix(_MIGRATION_SUFFIX): task for part, task in tasks.items() if part.endswith(_MIGRATION_SUFFIX)
    }


def _minimums(desired: Mapping[Ref, Manifest]) -> dict[str, int]:
    return {
        manifest["spec"]["scaleTargetRef"]["name"]: int(manifest["spec"].get("minReplicas", 1))
        for ref, manifest in desired.items()
        if ref.kind == "HorizontalPodAutoscaler"
    }


def _health(
    snapshot: Snapshot,
    part: str,
    live: Mapping[Ref, Mapping[str, Any]],
    changes: Mapping[Ref, Cause | None],
    minimums: Mapping[str, int],
    now: datetime,
) -> Health:
    ref = Ref("Deployment", snapshot.shop.key.namespace, naming.part(snapshot.shop.name, part))
    found = health.of_deployment(live.get(ref), minimums.get(ref.name), now)
    if found.state is State.READY and changes.get(ref) == "update":
        return Health(State.ROLLING, found.ready, found.wanted, found.image, "a change is waiting")
    return found


def _open(
    manifest: Manifest,
    snapshot: Snapshot,
    databases: frozenset[str],
    migrations: Mapping[str, Task],
    services: Mapping[str, Health],
) -> bool:
    """Tell whether the wave of a manifest has come."""
    wave, part = manifests.wave(manifest), manifests.part_of(manifest)
    if wave < _MIGRATIONS:
        return True
    if wave < _SERVICES:
        return part.removesuffix(_MIGRATION_SUFFIX) in databases
    if wave < _CATALOG:
        migrated = part not in migrations or migrations[part].done
        return migrated and not _wakes_too_early(manifest, snapshot)
    if wave < _GATEWAY:
        return all(services[service].state is State.READY for service in _CATALOG_NEEDS)
    if wave == _GATEWAY:
        return not any(_on_its_way(service, migrations, services) for service in services)
    return snapshot.child("Deployment", naming.part(snapshot.shop.name, part)) is not None or (
        snapshot.child("StatefulSet", naming.part(snapshot.shop.name, part)) is not None
    )


def _wakes_too_early(manifest: Manifest, snapshot: Snapshot) -> bool:
    """Tell whether a service that slept would come up before the database that it needs."""
    live = snapshot.children.get(manifests.ref_of(manifest))
    if live is None or manifest["kind"] != "Deployment" or int(live.body["spec"].get("replicas", 1)) > 0:
        return False
    server = snapshot.child("StatefulSet", naming.part(snapshot.shop.name, naming.POSTGRES))
    return server is not None and int((server.body.get("status") or {}).get("readyReplicas", 0)) == 0


def _on_its_way(service: str, migrations: Mapping[str, Task], services: Mapping[str, Health]) -> bool:
    """Tell whether waiting for a service leads to anything: it is neither serving nor broken."""
    migration = migrations.get(service)
    if migration is not None and not migration.done:
        return not migration.given_up
    return services[service].state in (State.ABSENT, State.ROLLING)


def applies(writes: tuple[Apply | HandOver, ...]) -> Iterator[Apply]:
    """Yield the writes that are applies."""
    return (write for write in writes if isinstance(write, Apply))
