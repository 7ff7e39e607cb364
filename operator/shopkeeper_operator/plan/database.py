"""Where the databases are and what they lack. Pure."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlsplit

from shopkeeper_operator import naming, reasons
from shopkeeper_operator.api.model import Spec
from shopkeeper_operator.plan import secrets
from shopkeeper_operator.plan.model import Finding, Provision, ServiceDatabase, Step, Target
from shopkeeper_operator.snapshot import ServerFacts, ServerProblem, Snapshot

#: Part of the mark on a database whose steps are all taken; raise it when the steps change.
REVISION: Final = "1"
#: So long a server may refuse the operator's log-in before a person should look.
PATIENCE_SECONDS: Final = 60.0
_PORT: Final = 5432


def target(snapshot: Snapshot, spec: Spec) -> Target | Finding:
    """Return the database server of the Shop, or why it is not known."""
    if spec.database.mode == "External":
        return _external(snapshot, spec)
    shop, namespace = snapshot.shop.name, snapshot.shop.key.namespace
    password = (snapshot.secret(naming.postgres_secret(shop)) or {}).get("password", "")
    host = naming.part(shop, naming.POSTGRES)
    uri = f"postgresql://postgres:{quote(password, safe='')}@{host}.{namespace}.svc:{_PORT}/postgres"
    return Target(host=host, port=_PORT, shared=False, uri=uri)


def _external(snapshot: Snapshot, spec: Spec) -> Target | Finding:
    name = spec.database.external.secret_name
    admin = snapshot.given.get(name)
    if admin is None:
        return Finding(reasons.DATABASE_SECRET_INVALID, f"Secret {name} does not exist")
    uri = admin.get("uri", "")
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port or _PORT
    except ValueError:
        host = None
    if not host or parts.scheme not in ("postgresql", "postgres"):
        return Finding(
            reasons.DATABASE_SECRET_INVALID,
            f"Secret {name} has no key uri of the form postgresql://user:password@host:5432/postgres",
        )
    return Target(host=host, port=port, shared=True, uri=uri)


def missing_steps(database: ServiceDatabase, facts: ServerFacts) -> tuple[Step, ...]:
    """Return the steps that a service's database still needs, in order."""
    owner, runtime = facts.roles.get(database.owner), facts.roles.get(database.runtime)
    found = facts.databases.get(database.database)
    complete = found is not None and found.marker == f"{database.marker}:{REVISION}" and not found.public_connect
    return tuple(
        step
        for step, needed in (
            (Step.OWNER_ROLE, owner is None or owner.marker != database.marker),
            (Step.RUNTIME_ROLE, runtime is None or runtime.marker != database.marker),
            (Step.OWNER_PASSWORD, owner is not None and complete and not owner.login_works),
            (Step.RUNTIME_PASSWORD, runtime is not None and complete and not runtime.login_works),
            (Step.DATABASE, found is None),
            (Step.GRANTS, not complete or owner is None or runtime is None),
        )
        if needed
    )


def strangers(database: ServiceDatabase, facts: ServerFacts) -> Iterator[str]:
    """Yield what has our names on a shared server but not our mark."""
    for name in (database.owner, database.runtime):
        role = facts.roles.get(name)
        if role is not None and role.marker != database.marker:
            yield f"role {name} on the database server is not marked {database.marker}"
    found = facts.databases.get(database.database)
    if found is not None and found.owner != database.owner:
        yield f"database {database.database} belongs to role {found.owner}, not to {database.owner}"


def _unreachable(server: Target, problem: ServerProblem) -> Finding:
    """Return why the server could not be asked; a server that has just started gets a moment."""
    reason = reasons.DATABASE_CONNECTING if problem.lasting < PATIENCE_SECONDS else reasons.DATABASE_UNREACHABLE
    return Finding(reason, f"{server.host}:{server.port}: {problem.message}")


def provisioning(
    snapshot: Snapshot, server: Target
) -> tuple[tuple[Provision, ...], tuple[Finding, ...], frozenset[str]]:
    """Return the steps to take, what stands in the way, and the services whose database is complete."""
    facts = snapshot.server
    if facts is None:
        return (), (), frozenset()
    if isinstance(facts, ServerProblem):
        return (), (_unreachable(server, facts),), frozenset()
    actions: list[Provision] = []
    findings: list[Finding] = []
    ready: set[str] = set()
    for database in secrets.databases(snapshot, server):
        foreign = list(strangers(database, facts)) if server.shared else []
        steps = missing_steps(database, facts)
        if foreign:
            findings.extend(Finding(reasons.DATABASE_NOT_OURS, text) for text in foreign)
        elif steps:
            actions.append(Provision(server, database, steps))
            todo = ", ".join(str(step) for step in steps)
            findings.append(Finding(reasons.DATABASE_PROVISIONING, f"database {database.database} lacks {todo}"))
        else:
            ready.add(database.service)
    return tuple(actions), tuple(findings), frozenset(ready)
