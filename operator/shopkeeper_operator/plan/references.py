"""Objects of others that a Shop names: a certificate, a mail server, a catalogue, a database server. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from shopkeeper_operator import kinds, reasons
from shopkeeper_operator.api.model import Spec
from shopkeeper_operator.kinds import Kind
from shopkeeper_operator.plan import secrets
from shopkeeper_operator.plan.model import Finding
from shopkeeper_operator.snapshot import Catalog, Snapshot

_SCHEMES: Final = ("smtp", "smtps", "smtp+starttls")
_CATALOGUES: Final = (".csv", ".json")


def named(spec: Spec) -> tuple[tuple[Kind, str], ...]:
    """Return kind and name of each object of others that a spec names."""
    external = spec.database.external.secret_name if spec.database.mode == "External" else ""
    found = [(kinds.SECRET, name) for name in (external, spec.tls.secret_name, spec.mail.secret_name)]
    found.append((kinds.CONFIG_MAP, spec.catalog.config_map))
    return tuple((kind, name) for kind, name in dict.fromkeys(found) if name)


def problems(snapshot: Snapshot, spec: Spec, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong with them; the database server's is told with the database."""
    if spec.tls.secret_name:
        yield from secrets.certificate(spec.tls.secret_name, snapshot.given.get(spec.tls.secret_name), spec, now)
    yield from _mail(snapshot, spec.mail.secret_name)
    yield from _catalog(snapshot, spec.catalog.config_map)


def _mail(snapshot: Snapshot, name: str) -> Iterator[Finding]:
    if not name:
        return
    values = snapshot.given.get(name)
    if values is None:
        yield Finding(reasons.MAIL_SECRET_INVALID, f"Secret {name} does not exist")
    elif not _is_mail_server(values.get("url", "")):
        yield Finding(
            reasons.MAIL_SECRET_INVALID, f"Secret {name} has no key url of the form smtp://user:password@host:587"
        )


def _is_mail_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(parts.hostname)


def _catalog(snapshot: Snapshot, name: str) -> Iterator[Finding]:
    if name and loadable(snapshot) is None:
        keys = () if snapshot.catalog is None else snapshot.catalog.keys
        odd = ", ".join(key for key in keys if not key.endswith(_CATALOGUES)) or "nothing"
        fault = "does not exist" if snapshot.catalog is None else f"holds {odd}, but keys end in .csv or .json"
        yield Finding(reasons.CATALOG_MISSING, f"ConfigMap {name} {fault}")


def loadable(snapshot: Snapshot) -> Catalog | None:
    """Return the catalogue if it is worth a Job."""
    found = snapshot.catalog
    return found if found and found.keys and all(key.endswith(_CATALOGUES) for key in found.keys) else None
