"""The plan of a Shop: everything that should be written now, and everything that is not as it should be. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shopkeeper_operator import naming, reasons, values
from shopkeeper_operator.api.model import InvalidShop, Spec, parse
from shopkeeper_operator.kinds import Ref
from shopkeeper_operator.plan import (
    assess,
    database,
    digests,
    manifests,
    prune,
    references,
    secrets,
    sleep,
    stuck,
    teardown,
    waves,
)
from shopkeeper_operator.plan.model import (
    Action,
    AddFinalizer,
    Apply,
    Finding,
    Manifest,
    Plan,
    Render,
    RenderError,
    Target,
)
from shopkeeper_operator.plan.preview import summary
from shopkeeper_operator.snapshot import ServerProblem, Snapshot

#: How long the database server and the broker may take to start before a person should look.
PATIENCE: Final = timedelta(minutes=5)
#: How often a Shop that is not ready is asked what keeps it.
LOOK_SECONDS: Final = 15.0


def plan(snapshot: Snapshot, now: datetime, render: Render) -> Plan:
    """Return what to do about a Shop.

    Args:
        snapshot: the Shop as it is.
        now: the time.
        render: renders the chart.
    """
    if snapshot.shop.deleting:
        return teardown.plan(snapshot)
    try:
        spec = parse(snapshot.shop.name, dict(snapshot.shop.spec))
    except InvalidShop as error:
        return Plan(findings=tuple(Finding(reasons.INVALID_SPEC, text) for text in error.sentences))
    made = _plan(snapshot, spec, now, render)
    if spec.paused:
        preview = summary(made.actions, snapshot)
        return replace(made, actions=(), retry=False, paused=True, preview=preview)
    if naming.FINALIZER not in snapshot.shop.finalizers:
        return replace(made, actions=(AddFinalizer(), *made.actions))
    return made


def _plan(snapshot: Snapshot, spec: Spec, now: datetime, render: Render) -> Plan:
    release = spec.release or snapshot.environment.release
    server = database.target(snapshot, spec)
    if isinstance(server, Finding):
        return Plan(findings=(server,), release=release)
    missing = secrets.missing(snapshot, server, spec, now)
    if missing:
        names = ", ".join(secret.ref.name for secret in missing)
        finding = Finding(reasons.CREATING, f"secrets {names} are being made")
        return Plan(actions=missing, findings=(finding,), release=release)
    try:
        desired = _desired(snapshot, spec, server, render)
    except (RenderError, manifests.UnknownKind) as error:
        return Plan(findings=(Finding(reasons.RENDER_FAILED, str(error)),), release=release)
    if spec.mode == "Asleep":
        return _put_to_sleep(snapshot, spec, server, desired, now)
    return _deploy(snapshot, spec, server, desired, now)


def _desired(snapshot: Snapshot, spec: Spec, server: Target, render: Render) -> dict[Ref, Manifest]:
    environment = snapshot.environment
    catalog = references.loadable(snapshot)
    facts = values.Facts(
        release=environment.release,
        image_registry=environment.image_registry,
        operator_namespace=environment.namespace,
        database_port=server.port,
        credentials=digests.credentials(snapshot, spec),
        catalog=catalog.digest if catalog else "",
    )
    made = values.build(spec, facts)
    rendered = render(snapshot.shop.name, snapshot.shop.key.namespace, made)
    if spec.mode == "Asleep":
        return manifests.finish(rendered, snapshot, sleep.without_pods)
    return manifests.finish(rendered, snapshot)


def _put_to_sleep(snapshot: Snapshot, spec: Spec, server: Target, desired: dict[Ref, Manifest], now: datetime) -> Plan:
    findings = tuple(sleep.findings(snapshot))
    return Plan(
        actions=(
            *secrets.renewals(snapshot, server, spec, now),
            *sleep.actions(desired, snapshot, at_once=spec.paused),
        ),
        findings=(*secrets.problems(snapshot, server, spec, now), *findings),
        services=assess.rows(waves.decide(desired, snapshot, frozenset(), now)),
        release=spec.release or snapshot.environment.release,
        url=assess.url(snapshot, spec),
        requeue_after=secrets.next_renewal(snapshot, spec, now),
        asleep=all(finding.reason is reasons.ASLEEP for finding in findings),
    )


def _deploy(snapshot: Snapshot, spec: Spec, server: Target, desired: dict[Ref, Manifest], now: datetime) -> Plan:
    provisions, database_findings, complete = database.provisioning(snapshot, server)
    decided = waves.decide(desired, snapshot, complete, now)
    # A paused Shop shows all that it would do, not only what would come first.
    writes = waves.decide(desired, snapshot, complete, now, at_once=True).writes if spec.paused else decided.writes
    postgres = () if server.shared else assess.postgres(snapshot, now, PATIENCE)
    broker = assess.messaging(snapshot, spec.messaging.replicas, now, PATIENCE)
    findings = (
        *secrets.problems(snapshot, server, spec, now),
        *references.problems(snapshot, spec, now),
        *stuck.problems(snapshot, now),
        *postgres,
        *(() if postgres else database_findings),
        *broker,
        *assess.migrations(decided, snapshot, complete),
        *assess.services(decided),
        *assess.catalog(decided, snapshot),
        *assess.gateway(decided),
    )
    return Plan(
        actions=(
            *secrets.renewals(snapshot, server, spec, now),
            *provisions,
            *writes,
            *_storage(snapshot, spec),
            *prune.unwanted(desired.keys(), snapshot, decided.tasks),
        ),
        findings=findings,
        services=assess.rows(decided),
        release=spec.release or snapshot.environment.release,
        url=assess.url(snapshot, spec),
        database_host=server.host,
        requeue_after=min(
            _look_again(snapshot, spec, decided, now, starting=bool(postgres or broker), amiss=bool(findings)),
            default=None,
        ),
        retry=isinstance(snapshot.server, ServerProblem),
    )


def _look_again(
    snapshot: Snapshot, spec: Spec, decided: waves.Waves, now: datetime, *, starting: bool, amiss: bool
) -> Iterator[float]:
    """Yield the seconds after which something counts as another state though nothing happens."""
    renewal = secrets.next_renewal(snapshot, spec, now)
    if renewal is not None:
        yield renewal
    if amiss:
        yield LOOK_SECONDS
    if starting:
        yield PATIENCE.total_seconds()
    for state in (*decided.services.values(), decided.gateway):
        if state.look_again:
            yield state.look_again


def _storage(snapshot: Snapshot, spec: Spec) -> Iterator[Action]:
    sizes = {naming.RABBITMQ: spec.messaging.storage.size}
    if spec.database.mode == "Embedded":
        sizes[naming.POSTGRES] = spec.database.storage.size
    for part, size in sizes.items():
        for claim in manifests.resized_claims(snapshot, part, size):
            yield Apply(manifests.ref_of(claim), claim, "update", exists=True)
