"""What a reconcile looks at: one frozen picture of a Shop, its children and its database. Pure.

Bodies are kept packed (compressed JSON): a cache of thousands of shops stays small, and neither a log line nor a
traceback shows what is in a secret.
"""

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shopkeeper_operator import naming
from shopkeeper_operator.kinds import Key, Ref

_NO_DIFFERENCES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Child:
    """One object of a Shop as the cluster has it.

    `tolerated` are the differences that the API server's own answer to our last apply had (an admission webhook
    changed a value, say): to write again would change nothing.
    """

    ref: Ref
    uid: str
    version: int
    packed: bytes = field(repr=False)
    shop: str
    terminating: bool = False
    owns_replicas: bool = False
    tolerated: frozenset[str] = _NO_DIFFERENCES

    @property
    def body(self) -> dict[str, Any]:
        """The object, without managed fields. Every call unpacks: keep the result."""
        unpacked: dict[str, Any] = json.loads(zlib.decompress(self.packed))
        return unpacked


def child_of(body: Mapping[str, Any], kind: str, tolerated: frozenset[str] = _NO_DIFFERENCES) -> Child:
    """Return the object of an API answer or a watch event as a child."""
    metadata = body["metadata"]
    slim = dict(body) | {"metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}
    return Child(
        ref=Ref(kind, metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        packed=zlib.compress(json.dumps(slim, separators=(",", ":")).encode(), level=1),
        shop=(metadata.get("labels") or {}).get(naming.INSTANCE_LABEL, ""),
        terminating="deletionTimestamp" in metadata,
        owns_replicas=_owns_replicas(metadata.get("managedFields") or ()),
        tolerated=tolerated,
    )


def _owns_replicas(managed_fields: Any) -> bool:
    return any(
        entry.get("manager") == naming.FIELD_MANAGER
        and entry.get("operation") == "Apply"
        and "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in managed_fields
    )


@dataclass(frozen=True, slots=True)
class ShopObject:
    """A Shop as the API server has it; `spec` and `status` are as they came."""

    key: Key
    uid: str
    version: int
    generation: int
    finalizers: tuple[str, ...]
    deleting: bool
    spec: Mapping[str, Any]
    status: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The Shop's name."""
        return self.key.name

    def condition(self, kind: str) -> Mapping[str, Any]:
        """Return the condition of one type in the stored status; empty where there is none."""
        conditions = self.status.get("conditions") or ()
        return next((found for found in conditions if found.get("type") == kind), {})


def shop_of(body: Mapping[str, Any]) -> ShopObject:
    """Return the Shop of an API answer or a watch event."""
    metadata = body["metadata"]
    return ShopObject(
        key=Key(metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        version=int(metadata["resourceVersion"]),
        generation=int(metadata.get("generation", 1)),
        finalizers=tuple(metadata.get("finalizers") or ()),
        deleting="deletionTimestamp" in metadata,
        spec=dict(body.get("spec") or {}),
        status=dict(body.get("status") or {}),
    )


@dataclass(frozen=True, slots=True)
class RoleFact:
    """A role on the database server: its mark of ownership, and whether the secret's password opens it."""

    marker: str
    login_works: bool


@dataclass(frozen=True, slots=True)
class DatabaseFact:
    """A database on the server: its owner, its mark, and whether any role may connect."""

    owner: str
    marker: str
    public_connect: bool


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What was found on the database server, of the roles and databases the Shop needs."""

    version: str
    superuser: bool
    roles: Mapping[str, RoleFact]
    databases: Mapping[str, DatabaseFact]


@dataclass(frozen=True, slots=True)
class ServerProblem:
    """Why nothing was found out: what the server or the driver said, and for how many seconds it has been so."""

    message: str
    lasting: float = 0.0


@dataclass(frozen=True, slots=True)
class Catalog:
    """What is known of the catalogue's ConfigMap: its keys, and a digest of its content."""

    keys: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """A warning of Kubernetes about an object of the Shop: the object's name, the reason and the text."""

    name: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Environment:
    """What the operator itself brings in."""

    release: str
    image_registry: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a plan is made of.

    `server` is None while there is nothing to connect to. `given` holds the secrets of others that the spec names,
    None for one that does not exist; `catalog` the ConfigMap that it names, None where there is none. `logs` holds
    the last lines of failed Jobs and crashed pods by name. `pods` and `complaints` are looked at only while the Shop
    is not ready.
    """

    shop: ShopObject
    children: Mapping[Ref, Child]
    environment: Environment
    server: ServerFacts | ServerProblem | None = None
    given: Mapping[str, Mapping[str, str] | None] = field(default_factory=dict, repr=False)
    catalog: Catalog | None = None
    logs: Mapping[str, str] = field(default_factory=dict)
    pods: tuple[Mapping[str, Any], ...] = ()
    complaints: tuple[Complaint, ...] = ()

    def child(self, kind: str, name: str) -> Child | None:
        """Return a child by kind and name."""
        return self.children.get(Ref(kind, self.shop.key.namespace, name))

    def of_kind(self, kind: str) -> Iterator[Child]:
        """Yield the children of one kind, in order of name."""
        return (self.children[ref] for ref in sorted(self.children) if ref.kind == kind)

    def secret(self, name: str) -> dict[str, str] | None:
        """Return the decoded values of a secret, None where it does not exist."""
        child = self.child("Secret", name)
        return None if child is None else decode_secret(child.body)


def decode_secret(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of a Secret as text."""
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in (body.get("data") or {}).items()}
