"""What a plan consists of. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Literal, Protocol

from shopkeeper_operator.kinds import Ref
from shopkeeper_operator.reasons import Area, Reason

Manifest = dict[str, Any]
Cause = Literal["create", "update", "drift"]


class RenderError(Exception):
    """The chart refused the values; the text is what Helm said."""


class Render(Protocol):
    """Renders `charts/shop`; called by the planner, which itself does no I/O."""

    def __call__(self, name: str, namespace: str, values: Mapping[str, Any]) -> Sequence[Manifest]:
        """Return the manifests.

        Raises:
            RenderError: the chart refused the values.
        """
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: a reason and its particulars.

    `where` is what it is about, where the same reason can be about several parts.
    """

    reason: Reason
    message: str
    where: Area | None = None

    @property
    def area(self) -> Area:
        """What the finding is about."""
        return self.where or self.reason.area


@dataclass(frozen=True, slots=True)
class AddFinalizer:
    """Hold the Shop until its teardown is done."""


@dataclass(frozen=True, slots=True)
class RemoveFinalizer:
    """Let the Shop go."""


class SecretKind(Enum):
    """What a generated secret is for, and so which of its keys are drawn at random."""

    SUPERUSER = auto()
    DATABASE = auto()
    SIGNING_KEY = auto()
    ADMINISTRATOR = auto()
    TOKEN = auto()
    SESSION_KEY = auto()
    ACCOUNT = auto()
    BROKER = auto()
    AUTHORITY = auto()
    CERTIFICATE = auto()


@dataclass(frozen=True, slots=True)
class CreateSecret:
    """Generate a secret that does not exist. `given` is what is not random: keys of the secret, or what they need."""

    ref: Ref
    labels: Mapping[str, str]
    kind: SecretKind
    given: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RenewSecret:
    """Write some keys of a generated secret anew, if it still is of the version that was seen."""

    secret: CreateSecret
    version: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Apply:
    """Server-side apply of one object. `exists` tells whether it is known to be there and to be ours."""

    ref: Ref
    manifest: Manifest = field(repr=False)
    cause: Cause
    exists: bool


@dataclass(frozen=True, slots=True)
class HandOver:
    """Keep `spec.replicas` where an autoscaler left it while our own manager lets go of the field."""

    ref: Ref
    replicas: int


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete one object, if it is still the one that was seen. `wait` deletes its pods first."""

    ref: Ref
    uid: str
    wait: bool = False


class Step(Enum):
    """One step of making a service's database, in this order."""

    OWNER_ROLE = auto()
    RUNTIME_ROLE = auto()
    OWNER_PASSWORD = auto()
    RUNTIME_PASSWORD = auto()
    DATABASE = auto()
    GRANTS = auto()

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class ServiceDatabase:
    """Names and passwords of one service's database; the passwords stay out of repr."""

    service: str
    database: str
    owner: str
    runtime: str
    marker: str
    owner_password: str = field(repr=False)
    runtime_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """A database server and the way in for the operator, which `uri` holds and repr does not."""

    host: str
    port: int
    shared: bool
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Provision:
    """Take the steps that a service's database lacks."""

    target: Target
    database: ServiceDatabase
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class DropDatabases:
    """Drop the Shop's databases and roles from a shared server."""

    target: Target
    databases: tuple[ServiceDatabase, ...]


Action = (
    AddFinalizer | RemoveFinalizer | CreateSecret | RenewSecret | Apply | HandOver | Delete | Provision | DropDatabases
)


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One row of `status.services`."""

    name: str
    ready: int
    replicas: int
    image: str
    migration: str
    serves: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, what is amiss, and when to look again though nothing happens.

    `retry` asks for another try with growing pauses: something outside the API server is not as it should be.
    """

    actions: tuple[Action, ...] = ()
    findings: tuple[Finding, ...] = ()
    services: tuple[ServiceRow, ...] = ()
    release: str = ""
    url: str = ""
    database_host: str = ""
    requeue_after: float | None = None
    retry: bool = False
    paused: bool = False
    asleep: bool = False
    preview: Mapping[str, Any] = field(default_factory=dict)
