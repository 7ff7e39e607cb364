"""Which secrets a Shop needs, which of them are missing, and what the pods should notice of them. Pure."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from shopkeeper_operator import naming, reasons
from shopkeeper_operator.kinds import Ref
from shopkeeper_operator.plan.model import CreateSecret, Finding, SecretKind, ServiceDatabase, Target
from shopkeeper_operator.snapshot import Snapshot

ADMINISTRATOR: Final = "admin@example.com"

_KEYS: Final = {
    SecretKind.SUPERUSER: ("username", "password"),
    SecretKind.DATABASE: ("username", "password", "host", "port", "dbname", "uri"),
    SecretKind.SIGNING_KEY: ("signing-key.pem",),
    SecretKind.ADMINISTRATOR: ("email", "password"),
    SecretKind.TOKEN: ("token",),
}
#: Beside its database secret: which of the shop's secrets a service's pods read.
_READ_BY: Final = {
    "users": (naming.jwt_secret,),
    "products": (),
    "inventory": (naming.internal_secret,),
    "orders": (naming.internal_secret,),
    "payments": (naming.internal_secret,),
}


def wanted(snapshot: Snapshot, target: Target) -> Iterator[CreateSecret]:
    """Yield every secret of the Shop as it would be made."""
    shop = snapshot.shop.name
    if not target.shared:
        given = {"username": "postgres"}
        yield _secret(snapshot, naming.postgres_secret(shop), naming.POSTGRES, SecretKind.SUPERUSER, given)
    for service in naming.SERVICES:
        database = naming.database_name(*snapshot.shop.key, service, shared_server=target.shared)
        for name, role in (
            (naming.runtime_secret(shop, service), database),
            (naming.owner_secret(shop, service), naming.owner_role(database)),
        ):
            given = {"username": role, "host": target.host, "port": str(target.port), "dbname": database}
            given["options"] = urlsplit(target.uri).query
            yield _secret(snapshot, name, service, SecretKind.DATABASE, given)
    yield _secret(snapshot, naming.jwt_secret(shop), "users", SecretKind.SIGNING_KEY, {})
    yield _secret(snapshot, naming.admin_secret(shop), "users", SecretKind.ADMINISTRATOR, {"email": ADMINISTRATOR})
    yield _secret(snapshot, naming.internal_secret(shop), "shop", SecretKind.TOKEN, {})


def _secret(snapshot: Snapshot, name: str, part: str, kind: SecretKind, given: Mapping[str, str]) -> CreateSecret:
    key = snapshot.shop.key
    return CreateSecret(Ref("Secret", key.namespace, name), naming.labels(key.name, part), kind, given)


def missing(snapshot: Snapshot, target: Target) -> tuple[CreateSecret, ...]:
    """Return the secrets that have to be made: existing ones are never written."""
    return tuple(secret for secret in wanted(snapshot, target) if secret.ref not in snapshot.children)


def problems(snapshot: Snapshot, target: Target) -> Iterator[Finding]:
    """Yield what is wrong with existing secrets: a lost key, or a database secret that leads elsewhere."""
    for secret in wanted(snapshot, target):
        values = snapshot.secret(secret.ref.name)
        if values is None:
            continue
        lost = [key for key in _KEYS[secret.kind] if not values.get(key)]
        if lost:
            yield Finding(reasons.SECRET_INVALID, f"Secret {secret.ref.name} lacks the key {', '.join(lost)}")
        elif secret.kind is SecretKind.DATABASE:
            yield from _leads_elsewhere(secret, values)


def _leads_elsewhere(secret: CreateSecret, values: Mapping[str, str]) -> Iterator[Finding]:
    for key in ("host", "port", "dbname", "username"):
        if values[key] != secret.given[key]:
            yield Finding(
                reasons.SECRET_INVALID,
                f"Secret {secret.ref.name} has {key} {values[key]}, but the database needs {secret.given[key]}",
            )


def databases(snapshot: Snapshot, target: Target) -> tuple[ServiceDatabase, ...]:
    """Return names and passwords of all services' databases, as far as their secrets hold them."""
    return tuple(_database(snapshot, target, service) for service in naming.SERVICES)


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


def credentials(snapshot: Snapshot) -> dict[str, str]:
    """Return a digest per service over the secrets its pods read, so that a replaced secret restarts them.

    It is keyed with the shop's own token: a digest in an annotation must not help to guess a weak password.
    """
    shop = snapshot.shop.name
    token = (snapshot.secret(naming.internal_secret(shop)) or {}).get("token", "")
    made = {}
    for service, shared in _READ_BY.items():
        names = [naming.runtime_secret(shop, service), *(name(shop) for name in shared)]
        content = json.dumps([snapshot.secret(name) for name in names], sort_keys=True)
        made[service] = hmac.new(token.encode(), content.encode(), hashlib.sha256).hexdigest()[:16]
    return made
