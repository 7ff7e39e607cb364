"""Which secrets a Shop needs, which of them are missing or out of date, and what is wrong with the others. Pure."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from shopkeeper_operator import naming, parts, reasons
from shopkeeper_operator.api.model import Spec
from shopkeeper_operator.kinds import Ref
from shopkeeper_operator.plan import broker, certificates
from shopkeeper_operator.plan.model import (
    CreateSecret,
    Finding,
    RenewSecret,
    SecretKind,
    ServiceDatabase,
    Target,
)
from shopkeeper_operator.snapshot import Snapshot

ADMINISTRATOR: Final = "admin@example.com"

_KEYS: Final = {
    SecretKind.SUPERUSER: ("username", "password"),
    SecretKind.DATABASE: ("username", "password", "host", "port", "dbname", "uri"),
    SecretKind.SIGNING_KEY: ("signing-key.pem",),
    SecretKind.ADMINISTRATOR: ("email", "password"),
    SecretKind.TOKEN: ("token",),
    SecretKind.SESSION_KEY: ("session-key",),
    SecretKind.ACCOUNT: ("username", "password", "uri"),
    SecretKind.BROKER: (broker.COOKIE, broker.USERS),
    SecretKind.AUTHORITY: (certificates.CERTIFICATE, certificates.PRIVATE_KEY),
    SecretKind.CERTIFICATE: (certificates.CERTIFICATE, certificates.PRIVATE_KEY, certificates.AUTHORITY),
}


def wanted(snapshot: Snapshot, target: Target, spec: Spec, now: datetime) -> Iterator[CreateSecret]:
    """Yield every secret of the Shop as it would be made; what is made from another secret follows when that is there.

    Args:
        snapshot: the Shop as it is.
        target: its database server.
        spec: its spec.
        now: the time, from when certificates count.
    """
    shop = snapshot.shop.name
    yield from _databases(snapshot, target)
    for part in parts.WITH_BROKER:
        given = broker.account(shop, part.name)
        yield _secret(snapshot, naming.amqp_secret(shop, part.name), part.name, SecretKind.ACCOUNT, given)
    yield _secret(snapshot, naming.jwt_secret(shop), "users", SecretKind.SIGNING_KEY, {})
    yield _secret(snapshot, naming.admin_secret(shop), "users", SecretKind.ADMINISTRATOR, {"email": ADMINISTRATOR})
    yield _secret(snapshot, naming.internal_secret(shop), "shop", SecretKind.TOKEN, {})
    yield _secret(snapshot, naming.storefront_secret(shop), "storefront", SecretKind.SESSION_KEY, {})
    passwords = broker.passwords(snapshot)
    if passwords is not None:
        given = {"passwords": json.dumps(passwords)}
        yield _secret(snapshot, naming.rabbitmq_secret(shop), naming.RABBITMQ, SecretKind.BROKER, given)
    if not spec.tls.secret_name:
        yield from _certificates(snapshot, spec, now)


def _databases(snapshot: Snapshot, target: Target) -> Iterator[CreateSecret]:
    shop = snapshot.shop.name
    if not target.shared:
        given = {"username": "postgres"}
        yield _secret(snapshot, naming.postgres_secret(shop), naming.POSTGRES, SecretKind.SUPERUSER, given)
    for service in parts.WITH_DATABASE:
        database = naming.database_name(*snapshot.shop.key, service, shared_server=target.shared)
        for name, role in (
            (naming.runtime_secret(shop, service), database),
            (naming.owner_secret(shop, service), naming.owner_role(database)),
        ):
            given = {"username": role, "host": target.host, "port": str(target.port), "dbname": database}
            given["options"] = urlsplit(target.uri).query
            yield _secret(snapshot, name, service, SecretKind.DATABASE, given)


def _certificates(snapshot: Snapshot, spec: Spec, now: datetime) -> Iterator[CreateSecret]:
    key = snapshot.shop.key
    moment = now.isoformat()
    given = {"name": certificates.authority_name(*key), "now": moment}
    yield _secret(snapshot, naming.authority_secret(key.name), naming.GATEWAY, SecretKind.AUTHORITY, given)
    authority = snapshot.secret(naming.authority_secret(key.name)) or {}
    if all(authority.get(name) for name in _KEYS[SecretKind.AUTHORITY]):
        given = {
            "hosts": ",".join(certificates.hosts(*key, spec.host)),
            "ca.crt": authority[certificates.CERTIFICATE],
            "ca.key": authority[certificates.PRIVATE_KEY],
            "now": moment,
        }
        yield _secret(snapshot, naming.tls_secret(key.name), naming.GATEWAY, SecretKind.CERTIFICATE, given)


def _secret(snapshot: Snapshot, name: str, part: str, kind: SecretKind, given: Mapping[str, str]) -> CreateSecret:
    key = snapshot.shop.key
    return CreateSecret(Ref("Secret", key.namespace, name), naming.labels(key.name, part), kind, given)


def missing(snapshot: Snapshot, target: Target, spec: Spec, now: datetime) -> tuple[CreateSecret, ...]:
    """Return the secrets that have to be made: existing ones are never written, but for `renewals`."""
    return tuple(secret for secret in wanted(snapshot, target, spec, now) if secret.ref not in snapshot.children)


def databases_missing(snapshot: Snapshot, target: Target) -> bool:
    """Tell whether a secret is still to be made without which nobody can log in to the databases."""
    return any(secret.ref not in snapshot.children for secret in _databases(snapshot, target))


def renewals(snapshot: Snapshot, target: Target, spec: Spec, now: datetime) -> Iterator[RenewSecret]:
    """Yield what is derived and out of date: accounts of the broker, and certificates of our own authority."""
    for secret in wanted(snapshot, target, spec, now):
        child = snapshot.children.get(secret.ref)
        values = snapshot.secret(secret.ref.name)
        if child is not None and values is not None:
            keys = _stale_keys(secret, values, snapshot, now)
            if keys:
                yield RenewSecret(secret, child.version, keys)


def _stale_keys(secret: CreateSecret, values: Mapping[str, str], snapshot: Snapshot, now: datetime) -> tuple[str, ...]:
    given = secret.given
    stale = False
    match secret.kind:
        case SecretKind.BROKER:
            current = broker.is_current(values.get(broker.USERS, ""), json.loads(given["passwords"]))
            return () if current else (broker.USERS,)
        case SecretKind.AUTHORITY if _ours(values, snapshot):
            found = certificates.parse(values[certificates.CERTIFICATE])
            stale = found is not None and certificates.renewal(found) <= now
        case SecretKind.CERTIFICATE if _ours(values, snapshot):
            stale = certificates.is_stale(values, given["ca.crt"], given["hosts"].split(","), now)
    return _KEYS[secret.kind] if stale else ()


def _ours(values: Mapping[str, str], snapshot: Snapshot) -> bool:
    """Tell whether our own authority has issued a certificate; one that somebody put in its place is left alone."""
    found = certificates.parse(values.get(certificates.CERTIFICATE))
    return found is not None and certificates.is_ours(found, certificates.authority_name(*snapshot.shop.key))


def next_renewal(snapshot: Snapshot, spec: Spec, now: datetime) -> float | None:
    """Return the seconds until a certificate of our own has to be renewed."""
    if spec.tls.secret_name:
        return None
    shop = snapshot.shop.name
    found = [snapshot.secret(name) or {} for name in (naming.authority_secret(shop), naming.tls_secret(shop))]
    parsed = [certificates.parse(values.get(certificates.CERTIFICATE)) for values in found if _ours(values, snapshot)]
    moments = [certificates.renewal(certificate) for certificate in parsed if certificate is not None]
    return max(1.0, (min(moments) - now).total_seconds()) if moments else None


def problems(snapshot: Snapshot, target: Target, spec: Spec, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong with existing secrets: a lost key, or a database secret that leads elsewhere."""
    for secret in wanted(snapshot, target, spec, now):
        values = snapshot.secret(secret.ref.name)
        if values is None:
            continue
        lost = [key for key in _KEYS[secret.kind] if not values.get(key)]
        if lost:
            yield Finding(reasons.SECRET_INVALID, f"Secret {secret.ref.name} lacks the key {', '.join(lost)}")
        elif secret.kind is SecretKind.DATABASE:
            yield from _leads_elsewhere(secret, values)
        elif secret.kind is SecretKind.CERTIFICATE and not _ours(values, snapshot):
            yield from certificate(secret.ref.name, values, spec, now)


def certificate(name: str, values: Mapping[str, str] | None, spec: Spec, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong with a certificate that somebody else made."""
    text = certificates.problem(values, spec.host, now)
    if text:
        yield Finding(reasons.CERTIFICATE_INVALID, f"Secret {name} {text}")


def _leads_elsewhere(secret: CreateSecret, values: Mapping[str, str]) -> Iterator[Finding]:
    for key in ("host", "port", "dbname", "username"):
        if values[key] != secret.given[key]:
            yield Finding(
                reasons.SECRET_INVALID,
                f"Secret {secret.ref.name} has {key} {values[key]}, but the database needs {secret.given[key]}",
            )


def databases(snapshot: Snapshot, target: Target) -> tuple[ServiceDatabase, ...]:
    """Return names and passwords of all services' databases, as far as their secrets hold them."""
    return tuple(_database(snapshot, target, service) for service in parts.WITH_DATABASE)


def _database(snapshot: Snapshot, target: Target, service: str) -> ServiceDatabase:
    shop = snapshot.shop.name
    database = naming.database_name(*snapshot.shop.key, service, shared_server=target.shared)
    owner = snapshot.secret(naming.owner_secret(shop, service)) or {}
    runtime = snapshot.secret(naming.runtime_secret(shop, service)) or {}
    return ServiceDatabase(
        service=service,
        database=database,
        owner=naming.owner_role(database),
        runtime=database,
        marker=f"shopkeeper:{snapshot.shop.key}",
        owner_password=owner.get("password", ""),
        runtime_password=runtime.get("password", ""),
    )
