"""From the cache, the database server and the logs of failed Jobs to a snapshot."""

import hashlib
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from shopkeeper_operator import naming
from shopkeeper_operator.api.model import InvalidShop, Spec, parse
from shopkeeper_operator.apply.client import Api
from shopkeeper_operator.database.server import DatabaseError
from shopkeeper_operator.kinds import Key
from shopkeeper_operator.observe.cache import Cache
from shopkeeper_operator.observe.pods import Pods
from shopkeeper_operator.observe.references import References
from shopkeeper_operator.plan import database, health, secrets
from shopkeeper_operator.plan.model import ServiceDatabase, Target
from shopkeeper_operator.snapshot import (
    Child,
    Environment,
    ServerFacts,
    ServerProblem,
    Snapshot,
    decode_secret,
)

#: How long what was seen on a database server counts, unless a secret, a volume or a step of ours changes it.
FACTS_SECONDS: Final = 600.0
_LOG_LINES: Final = 8
#: What is no secret in a secret.
_PUBLIC: Final = frozenset({"username", "email", "host", "port", "dbname", "tls.crt", "ca.crt"})


class ServerObserver(Protocol):
    """Looks at a database server; `database.server.observe` outside of tests."""

    def __call__(self, target: Target, databases: tuple[ServiceDatabase, ...]) -> ServerFacts:
        """Return the facts.

        Raises:
            DatabaseError: the server cannot be asked.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Remembered:
    identity: Hashable
    facts: ServerFacts
    until: float


class Observer:
    """Builds snapshots. What it keeps only saves questions: all of it can be lost at any time."""

    def __init__(
        self,
        cache: Cache,
        api: Api,
        environment: Environment,
        observe_server: ServerObserver,
        *,
        references: References,
        pods: Pods,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._api = api
        self._environment = environment
        self._observe_server = observe_server
        self._references = references
        self._pods = pods
        self._clock = clock
        self._facts: dict[Key, _Remembered] = {}
        self._unreachable: dict[Key, float] = {}
        self._logs: dict[Key, dict[tuple[str, int], str]] = {}

    def observe(self, key: Key) -> Snapshot | None:
        """Return a Shop as it is; None where there is none.

        Raises:
            ApiError: an object that the spec names, or a log, could not be read.
        """
        shop = self._cache.shop(key)
        if shop is None:
            self.forget(key)
            return None
        snapshot = Snapshot(shop, self._cache.children(key), self._environment)
        try:
            spec = parse(shop.name, dict(shop.spec))
        except InvalidShop:
            return snapshot
        given, catalog = self._references.read(key.namespace, spec)
        snapshot = replace(snapshot, given=given, catalog=catalog)
        if shop.deleting:
            return snapshot
        look = self._pods.look(shop)
        crashes = {name: _cleaned(text, snapshot) for name, text in look.logs.items()}
        return replace(
            snapshot,
            server=self._server(snapshot, spec),
            logs=self._job_logs(snapshot) | crashes,
            pods=look.pods,
            complaints=look.complaints,
        )

    def invalidate(self, key: Key) -> None:
        """Ask the database server again next time: something was done there."""
        self._facts.pop(key, None)

    def forget(self, key: Key) -> None:
        """Keep nothing of a Shop that is gone."""
        for kept in (self._facts, self._unreachable, self._logs):
            kept.pop(key, None)
        self._pods.forget(key)

    def _server(self, snapshot: Snapshot, spec: Spec) -> ServerFacts | ServerProblem | None:
        """Return what the database server says, once there is one and its secrets are complete."""
        key = snapshot.shop.key
        target = database.target(snapshot, spec)
        if not isinstance(target, Target) or secrets.databases_missing(snapshot, target):
            return None
        identity = _identity(snapshot, target)
        known = self._facts.get(key)
        if known is not None and known.identity == identity and self._clock() < known.until:
            return known.facts
        if not target.shared and not _embedded_ready(snapshot):
            return None
        try:
            facts = self._observe_server(target, secrets.databases(snapshot, target))
        except DatabaseError as error:
            since = self._unreachable.setdefault(key, self._clock())
            return ServerProblem(str(error), self._clock() - since)
        self._unreachable.pop(key, None)
        self._facts[key] = _Remembered(identity, facts, self._clock() + FACTS_SECONDS)
        return facts

    def _job_logs(self, snapshot: Snapshot) -> dict[str, str]:
        """Return the last lines of each Job that has failed, read once per failed attempt."""
        key = snapshot.shop.key
        before, now, made = self._logs.get(key, {}), {}, {}
        for child in snapshot.of_kind("Job"):
            failures = _open_failures(child)
            if not failures:
                continue
            text = before.get((child.uid, failures)) or self._read_log(snapshot, child)
            now[child.uid, failures] = made[child.ref.name] = text
        if now or before:
            self._logs[key] = now
        return made

    def _read_log(self, snapshot: Snapshot, job: Child) -> str:
        failed = [
            pod
            for pod in self._api.pods_of_job(job.ref.namespace, job.ref.name)
            if (pod.get("status") or {}).get("phase") == "Failed"
        ]
        if not failed:
            return ""
        text = self._api.log(job.ref.namespace, failed[0]["metadata"]["name"], _LOG_LINES)
        return _cleaned(text, snapshot)


def _open_failures(job: Child) -> int:
    body = job.body
    return 0 if health.job_done(body) else health.job_failures(body)


def _cleaned(text: str, snapshot: Snapshot) -> str:
    """Return a log as one short line without the shop's passwords: it ends up in the status."""
    text = " | ".join(text.split("\n")).strip(" |")
    for child in snapshot.of_kind("Secret"):
        for key, value in decode_secret(child.body).items():
            if key not in _PUBLIC and value:
                text = text.replace(value, "***")
    return text[-600:]


def _embedded_ready(snapshot: Snapshot) -> bool:
    live = snapshot.child("StatefulSet", naming.part(snapshot.shop.name, naming.POSTGRES))
    return live is not None and int((live.body.get("status") or {}).get("readyReplicas", 0)) > 0


def _identity(snapshot: Snapshot, target: Target) -> Hashable:
    """Return what the facts depend on: the server, its volume and the secrets with passwords."""
    data = sorted(
        (ref, child.uid, child.version)
        for ref, child in snapshot.children.items()
        if ref.kind == "Secret" and "-db" in ref.name
    )
    claims = tuple(child.uid for child in snapshot.of_kind("PersistentVolumeClaim"))
    return (hashlib.sha256(target.uri.encode()).hexdigest(), claims, tuple(data))
