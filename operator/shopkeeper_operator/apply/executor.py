"""Carries out the actions of a plan, in order.

One refused object does not keep the others from being written; but where a later action builds on an earlier one
(the finalizer before the first child, a dropped database before its secrets go) a failure ends the run.
"""

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from shopkeeper_operator import kinds, metrics, naming, reasons
from shopkeeper_operator.apply import credentials
from shopkeeper_operator.apply.client import Api, ApiError
from shopkeeper_operator.database.server import DatabaseError
from shopkeeper_operator.kinds import Key
from shopkeeper_operator.observe.cache import Cache
from shopkeeper_operator.plan import diff
from shopkeeper_operator.plan.model import (
    Action,
    AddFinalizer,
    Apply,
    CreateSecret,
    Delete,
    DropDatabases,
    Finding,
    HandOver,
    Plan,
    Provision,
    RemoveFinalizer,
    RenewSecret,
    SecretKind,
)
from shopkeeper_operator.snapshot import ServerFacts, ShopObject, Snapshot

log = logging.getLogger(__name__)

#: What the API server says of anything new in a namespace that is being deleted.
_TERMINATING = "because it is being terminated"
_TYPES: Final = dict.fromkeys((SecretKind.AUTHORITY, SecretKind.CERTIFICATE), "kubernetes.io/tls")
#: Before these the Lease is looked at; all other writes are such that a second writer of the same would do no harm.
_IRREVERSIBLE: Final = (Delete, DropDatabases, Provision, RemoveFinalizer, RenewSecret)
_ENDING: Final = (AddFinalizer, RemoveFinalizer, CreateSecret, DropDatabases)


class _Refused(Exception):
    """An action cannot be carried out, for a reason that a person can mend."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


@dataclass(slots=True)
class Execution:
    """What came of a plan: whether anything was written, whether anything failed, and what a person should know."""

    wrote: bool = False
    failed: bool = False
    problems: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DatabaseTools:
    """What is done on database servers; `database.server` outside of tests. Both raise `DatabaseError`."""

    provision: Callable[[Provision, ServerFacts], None]
    drop: Callable[[DropDatabases], None]


class Executor:
    """Writes to the API and to database servers, and keeps the cache up with its own writes."""

    def __init__(
        self,
        api: Api,
        cache: Cache,
        tools: DatabaseTools,
        database_changed: Callable[[Key], None],
        confirm: Callable[[], None] = lambda: None,
    ) -> None:
        """Make an executor.

        Args:
            api: writes objects.
            cache: kept up with what is written.
            tools: write to database servers.
            database_changed: told before something is done on a Shop's database server.
            confirm: called before what cannot be undone; raises ApiError where another replica may have taken over.
        """
        self._confirm = confirm
        self._api = api
        self._cache = cache
        self._tools = tools
        self._database_changed = database_changed

    def execute(self, snapshot: Snapshot, plan: Plan) -> Execution:
        """Carry out all actions that can be."""
        made = Execution()
        for action in plan.actions:
            try:
                if isinstance(action, _IRREVERSIBLE):
                    self._confirm()
                self._carry_out(action, snapshot)
                made.wrote = True
            except _Refused as refusal:
                made.failed = True
                made.problems.append(refusal.finding)
            except ApiError as error:
                made.failed = True
                made.problems.extend(_explained(action, error))
                log.warning("write refused", extra={"shop": str(snapshot.shop.key), "error": str(error)})
                if _TERMINATING in str(error):
                    break
            if made.failed and isinstance(action, _ENDING):
                break
        return made

    def _carry_out(self, action: Action, snapshot: Snapshot) -> None:
        match action:
            case AddFinalizer():
                self._set_finalizers(snapshot.shop, (*snapshot.shop.finalizers, naming.FINALIZER))
            case RemoveFinalizer():
                kept = tuple(name for name in snapshot.shop.finalizers if name != naming.FINALIZER)
                self._set_finalizers(snapshot.shop, kept)
            case CreateSecret():
                self._create_secret(action, snapshot)
            case RenewSecret():
                self._renew_secret(action)
            case HandOver():
                self._hand_over(action)
            case Apply():
                self._apply(action, snapshot)
            case Delete():
                self._delete(action)
            case Provision():
                self._provision(action, snapshot)
            case DropDatabases():
                self._drop(action)

    def _set_finalizers(self, shop: ShopObject, finalizers: tuple[str, ...]) -> None:
        """Write the finalizers of exactly the Shop that was seen: a newer one answers with a conflict."""
        patch = {"metadata": {"finalizers": list(finalizers), "resourceVersion": str(shop.version)}}
        body = self._api.merge(kinds.SHOP, shop.key, patch)
        if "deletionTimestamp" in body["metadata"] and not body["metadata"].get("finalizers"):
            self._cache.drop_shop(shop.key, shop.uid)
        else:
            self._cache.put_shop(body)

    def _create_secret(self, action: CreateSecret, snapshot: Snapshot) -> None:
        ref = action.ref
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": ref.name, "namespace": ref.namespace, "labels": dict(action.labels)},
            "type": _TYPES.get(action.kind, "Opaque"),
            "stringData": credentials.make(action),
        }
        try:
            made = self._api.create(kinds.SECRET, ref.namespace, body)
            metrics.WRITES.labels("create-secret", "create").inc()
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
            found = self._api.get(kinds.SECRET, ref.namespace, ref.name)
            if found is None or not naming.is_ours(found["metadata"].get("labels"), snapshot.shop.name):
                raise _Refused(Finding(reasons.NOT_OURS, f"{ref} exists and is not labelled as this Shop's")) from error
            made = found
        self._cache.put(kinds.SECRET, made)

    def _renew_secret(self, action: RenewSecret) -> None:
        ref = action.secret.ref
        made = credentials.make(action.secret)
        data = {key: base64.b64encode(made[key].encode()).decode() for key in action.keys}
        patch = {"metadata": {"resourceVersion": str(action.version)}, "data": data}
        self._cache.put(kinds.SECRET, self._api.merge(kinds.SECRET, Key(ref.namespace, ref.name), patch))
        metrics.WRITES.labels("renew-secret", "update").inc()
        log.info("renewed", extra={"object": str(ref)})

    def _apply(self, action: Apply, snapshot: Snapshot) -> None:
        ref, kind = action.ref, kinds.BY_NAME[action.ref.kind]
        if not action.exists:
            found = self._api.get_metadata(kind, ref.namespace, ref.name)
            if found is not None and not naming.is_ours(found.get("labels"), snapshot.shop.name):
                raise _Refused(Finding(reasons.NOT_OURS, f"{ref} exists and is not labelled as this Shop's"))
        body = self._api.apply(kind, action.manifest)
        metrics.WRITES.labels("apply", action.cause).inc()
        self._cache.put(kind, body, tolerated=diff.differences(action.manifest, body))
        log.info("applied", extra={"shop": str(snapshot.shop.key), "object": str(ref), "cause": action.cause})

    def _hand_over(self, action: HandOver) -> None:
        ref, kind = action.ref, kinds.BY_NAME[action.ref.kind]
        manifest = {
            "apiVersion": kind.api_version,
            "kind": kind.name,
            "metadata": {"name": ref.name, "namespace": ref.namespace},
            "spec": {"replicas": action.replicas},
        }
        body = self._api.apply(kind, manifest, naming.HANDOVER_MANAGER)
        metrics.WRITES.labels("hand-over", "update").inc()
        self._cache.put(kind, body)

    def _delete(self, action: Delete) -> None:
        kind = kinds.BY_NAME[action.ref.kind]
        propagation = "Foreground" if action.wait else "Background"
        left = self._api.delete(action.ref, action.uid, propagation)
        metrics.WRITES.labels("delete", "prune").inc()
        if left is None:
            self._cache.forget(action.ref, action.uid)
        else:
            self._cache.put(kind, left)

    def _provision(self, action: Provision, snapshot: Snapshot) -> None:
        if not isinstance(snapshot.server, ServerFacts):
            raise TypeError("databases are provisioned from facts about their server only")
        self._database_changed(snapshot.shop.key)
        try:
            self._tools.provision(action, snapshot.server)
        except DatabaseError as error:
            text = f"database {action.database.database}: {error}"
            raise _Refused(Finding(reasons.DATABASE_FAILED, text)) from error

    def _drop(self, action: DropDatabases) -> None:
        try:
            self._tools.drop(action)
        except DatabaseError as error:
            raise _Refused(Finding(reasons.DROP_FAILED, f"{action.target.host}: {error}")) from error


def _explained(action: Action, error: ApiError) -> list[Finding]:
    """Return what a person should know of a refusal: nothing where it passes by itself."""
    passes = error.status in (0, 409, 429) or _TERMINATING in str(error)
    if passes:
        return []
    subject = action.secret.ref if isinstance(action, RenewSecret) else getattr(action, "ref", None)
    text = f"{subject}: {error}" if subject else str(error)
    if subject is not None and subject.kind == "PersistentVolumeClaim":
        broker = f"-{naming.RABBITMQ}-" in subject.name
        return [Finding(reasons.BROKER_STORAGE_FIXED if broker else reasons.STORAGE_FIXED, text)]
    return [Finding(reasons.FORBIDDEN if error.status == 403 else reasons.APPLY_FAILED, text)]
