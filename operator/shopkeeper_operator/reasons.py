"""Every reason a condition can have, as data: the one list that code, tests and documents share. Pure.

`waiting` reasons pass by themselves; `degraded` ones want a person. The message of a condition adds the particulars
(which object, what the API server or PostgreSQL said); `fix` is what to do.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

Severity = Literal["waiting", "degraded"]


class Area(StrEnum):
    """What a finding is about. Some areas have a condition of their own."""

    SHOP = "shop"
    DATABASE = "DatabaseReady"
    MESSAGING = "MessagingReady"
    MIGRATIONS = "MigrationsApplied"
    SERVICES = "services"
    CATALOG = "CatalogLoaded"
    GATEWAY = "GatewayReady"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: its CamelCase name, where it belongs, what brings it about and what helps."""

    name: str
    area: Area
    severity: Severity
    cause: str
    fix: str


def _waiting(name: str, area: Area, cause: str) -> Reason:
    return Reason(name, area, "waiting", cause, "Nothing; it passes by itself.")


def _degraded(name: str, area: Area, cause: str, fix: str) -> Reason:
    return Reason(name, area, "degraded", cause, fix)


INVALID_SPEC: Final = _degraded(
    "InvalidSpec",
    Area.SHOP,
    "The spec breaks a rule of the Shop API.",
    "Correct the named field; kubectl apply again.",
)
NOT_OURS: Final = _degraded(
    "NotOurs",
    Area.SHOP,
    "An object with a name the Shop needs exists and belongs to somebody else.",
    "Delete or rename that object, or hand it over with the labels app.kubernetes.io/managed-by=shopkeeper and "
    "app.kubernetes.io/instance=<shop>.",
)
RENDER_FAILED: Final = _degraded(
    "RenderFailed",
    Area.SHOP,
    "The chart refused the values made from the Shop.",
    "Correct the field the message names.",
)
FORBIDDEN: Final = _degraded(
    "Forbidden",
    Area.SHOP,
    "The API server forbids a write: missing rights, an exceeded quota or an admission policy.",
    "Raise the quota or mend the policy that the message names; upgrade the operator's chart if its role lacks a verb.",
)
APPLY_FAILED: Final = _degraded(
    "ApplyFailed",
    Area.SHOP,
    "The API server refused an object or could not be reached.",
    "Read the message; the operator tries again by itself.",
)
STORAGE_FIXED: Final = _degraded(
    "StorageNotResized",
    Area.DATABASE,
    "The volume of the database has another size than the Shop wants, and the cluster does not change it.",
    "Use a storage class with allowVolumeExpansion, or set database.storage.size to the present size.",
)
POSTGRES_STARTING: Final = _waiting("PostgresStarting", Area.DATABASE, "The database server has not started yet.")
POSTGRES_UNAVAILABLE: Final = _degraded(
    "PostgresUnavailable",
    Area.DATABASE,
    "The database server has no ready pod for five minutes.",
    "kubectl describe pod <shop>-postgres-0: unschedulable, image not pulled, volume not bound or a crash.",
)
DATABASE_PROVISIONING: Final = _waiting("DatabaseProvisioning", Area.DATABASE, "Databases and roles are being made.")
DATABASE_CONNECTING: Final = _waiting(
    "DatabaseConnecting", Area.DATABASE, "The database server does not take the operator's log-in yet."
)
DATABASE_UNREACHABLE: Final = _degraded(
    "DatabaseUnreachable",
    Area.DATABASE,
    "The operator cannot log in to the database server for a minute.",
    "Check the server, network policies and the administrator's secret that the message names.",
)
DATABASE_SECRET_INVALID: Final = _degraded(
    "DatabaseSecretInvalid",
    Area.DATABASE,
    "The secret of an external database is missing or has no usable URI.",
    "Create the secret that database.external.secretName names, with key uri: postgresql://user:password@host:5432/postgres.",
)
IMAGE_NOT_PULLED: Final = _degraded(
    "ImageNotPulled",
    Area.SERVICES,
    "A node cannot pull the image of a pod.",
    "Check that the image and its tag (spec.release) exist in the registry, and that imagePullSecrets opens it.",
)
POD_UNSCHEDULABLE: Final = _degraded(
    "PodUnschedulable",
    Area.SERVICES,
    "No node takes a pod: too little CPU or memory is free, or taints, selectors or volumes forbid it.",
    "Add nodes, choose a smaller profile or lower the requests of services, or mend what the scheduler names.",
)
PODS_REFUSED: Final = _degraded(
    "PodsRefused",
    Area.SERVICES,
    "The API server refuses the pods of a part: a quota is used up, or an admission policy forbids them.",
    "Raise the ResourceQuota of the namespace or choose a smaller profile; or mend the policy that the message names.",
)
CONFIG_MISSING: Final = _degraded(
    "ConfigMissing",
    Area.SERVICES,
    "A container does not start because a Secret, a ConfigMap or a key that it reads is not there.",
    "Put back what the message names; a Secret of the operator's own can be deleted whole: it is made anew.",
)
VOLUME_NOT_MOUNTED: Final = _degraded(
    "VolumeNotMounted",
    Area.SERVICES,
    "A volume of a pod cannot be mounted: a Secret or ConfigMap is not there, or the storage does not answer.",
    "Create what the message names, or see to the storage.",
)
VOLUME_PENDING: Final = _degraded(
    "VolumePending",
    Area.SERVICES,
    "A volume claim gets no volume: there is no default storage class, or the one that is named provides none.",
    "Make a storage class the default, or create a new Shop that names one in storage.className.",
)
OUT_OF_MEMORY: Final = _degraded(
    "OutOfMemory",
    Area.SERVICES,
    "A container was killed again and again because it passed its memory limit.",
    "Raise services.<name>.resources.limits.memory, or choose a larger profile.",
)
CONTAINER_CRASHES: Final = _degraded(
    "ContainerCrashes",
    Area.SERVICES,
    "A container ends again and again soon after its start.",
    "Mend what the last lines of its log say; kubectl logs --previous shows more. Another release may be at fault.",
)
METRICS_MISSING: Final = _degraded(
    "MetricsMissing",
    Area.SERVICES,
    "An autoscaler gets no metrics, so that it does not scale.",
    "Install metrics-server, or give the service fixed replicas instead of autoscaling.",
)
CERTIFICATE_INVALID: Final = _degraded(
    "CertificateInvalid",
    Area.GATEWAY,
    "The certificate that tls.secretName names is missing, incomplete, expired or for another host.",
    "Put a valid certificate for the Shop's host into that secret (tls.crt, tls.key); the gateway takes it up by "
    "itself. Or leave tls.secretName empty: the operator makes one.",
)
MAIL_SECRET_INVALID: Final = _degraded(
    "MailSecretInvalid",
    Area.SERVICES,
    "The secret that mail.secretName names is missing or has no usable key url.",
    "Create the secret with key url: smtp://user:password@host:587, smtps://… or smtp+starttls://….",
)
BROKER_STARTING: Final = _waiting("BrokerStarting", Area.MESSAGING, "Nodes of the broker have not started yet.")
BROKER_UNAVAILABLE: Final = _degraded(
    "BrokerUnavailable",
    Area.MESSAGING,
    "The broker lacks nodes for five minutes; orders go on, mails and recommendations come later.",
    "kubectl describe pod <shop>-rabbitmq-0: unschedulable, image not pulled, volume not bound or a crash.",
)
BROKER_STORAGE_FIXED: Final = _degraded(
    "BrokerStorageNotResized",
    Area.MESSAGING,
    "A volume of the broker has another size than the Shop wants, and the cluster does not change it.",
    "Use a storage class with allowVolumeExpansion, or set messaging.storage.size to the present size.",
)
CATALOG_MISSING: Final = _degraded(
    "CatalogMissing",
    Area.CATALOG,
    "The ConfigMap that catalog.configMap names does not exist or holds no catalogue.",
    "Create the ConfigMap in the Shop's namespace, with a key per file: kubectl create configmap <name> "
    "--from-file=products.csv.",
)
CATALOG_FAILED: Final = _degraded(
    "CatalogFailed",
    Area.CATALOG,
    "The Job that loads the catalogue failed; the shop serves what was loaded before.",
    "Mend the catalogue as the log says: a changed ConfigMap is loaded anew. Or delete the Job to run it again.",
)
CATALOG_LOADING: Final = _waiting("CatalogLoading", Area.CATALOG, "The catalogue is loaded when the services are up.")
SECRET_INVALID: Final = _degraded(
    "SecretInvalid",
    Area.SHOP,
    "A secret of the Shop lacks a key or its connection fields do not lead to the Shop's database.",
    "Put the key back, or delete the secret: the operator makes a new one.",
)
DATABASE_NOT_OURS: Final = _degraded(
    "DatabaseNotOurs",
    Area.DATABASE,
    "A database or role with a name the Shop needs belongs to somebody else.",
    "Drop or rename it on the server, or give the Shop another name.",
)
DATABASE_FAILED: Final = _degraded(
    "DatabaseFailed",
    Area.DATABASE,
    "PostgreSQL refused a statement.",
    "Read the message; an external administrator needs CREATEDB and CREATEROLE.",
)
WAITING_FOR_DATABASE: Final = _waiting(
    "WaitingForDatabase", Area.MIGRATIONS, "Migrations start when the databases are there."
)
MIGRATION_RUNNING: Final = _waiting("MigrationRunning", Area.MIGRATIONS, "A migration Job runs.")
MIGRATION_FAILED: Final = _degraded(
    "MigrationFailed",
    Area.MIGRATIONS,
    "A migration Job failed; what ran before goes on serving.",
    "Mend what the log says, then delete the Job to run it again, or set another release.",
)
WAITING_FOR_MIGRATION: Final = _waiting(
    "WaitingForMigration", Area.SERVICES, "A service starts when its migration is done."
)
SERVICE_ROLLING_OUT: Final = _waiting(
    "ServiceRollingOut", Area.SERVICES, "Pods of a service are being replaced or added."
)
SERVICE_UNAVAILABLE: Final = _degraded(
    "ServiceUnavailable",
    Area.SERVICES,
    "A service that was rolled out has too few ready pods.",
    "kubectl describe pod and kubectl logs of the service that the message names.",
)
ROLLOUT_STUCK: Final = _degraded(
    "RolloutStuck",
    Area.SERVICES,
    "New pods of a service or of the gateway do not become ready within the Deployment's deadline.",
    "kubectl describe pod of the part that the message names: image not pulled, unschedulable or a crash.",
)
GATEWAY_WAITING: Final = _waiting("WaitingForServices", Area.GATEWAY, "The gateway starts after the services.")
GATEWAY_ROLLING_OUT: Final = _waiting(
    "GatewayRollingOut", Area.GATEWAY, "Pods of the gateway are being replaced or added."
)
GATEWAY_UNAVAILABLE: Final = _degraded(
    "GatewayUnavailable",
    Area.GATEWAY,
    "The gateway has too few ready pods.",
    "kubectl describe pod and kubectl logs of the gateway.",
)
CREATING: Final = _waiting("Creating", Area.SHOP, "Secrets are being made.")
TEARDOWN: Final = _waiting("TearingDown", Area.SHOP, "The Shop is being deleted; its objects go first.")
FALLING_ASLEEP: Final = _waiting("FallingAsleep", Area.SHOP, "The pods of a Shop that shall sleep are being stopped.")
ASLEEP: Final = _waiting("Asleep", Area.SHOP, "spec.mode is Asleep: nothing runs, all data are kept.")
DROP_FAILED: Final = _degraded(
    "DropFailed",
    Area.DATABASE,
    "The databases on the external server could not be dropped.",
    "Make the server reachable, or set deletionPolicy to Retain to leave the databases behind.",
)

#: In the order of the pipeline: of two findings alike in severity the earlier one names the condition.
ALL: Final = (
    INVALID_SPEC,
    NOT_OURS,
    RENDER_FAILED,
    FORBIDDEN,
    APPLY_FAILED,
    SECRET_INVALID,
    CREATING,
    TEARDOWN,
    FALLING_ASLEEP,
    ASLEEP,
    DATABASE_SECRET_INVALID,
    PODS_REFUSED,
    VOLUME_PENDING,
    POD_UNSCHEDULABLE,
    IMAGE_NOT_PULLED,
    CONFIG_MISSING,
    VOLUME_NOT_MOUNTED,
    OUT_OF_MEMORY,
    CONTAINER_CRASHES,
    POSTGRES_UNAVAILABLE,
    POSTGRES_STARTING,
    DATABASE_CONNECTING,
    DATABASE_UNREACHABLE,
    DATABASE_NOT_OURS,
    DATABASE_FAILED,
    STORAGE_FIXED,
    DROP_FAILED,
    DATABASE_PROVISIONING,
    BROKER_UNAVAILABLE,
    BROKER_STORAGE_FIXED,
    BROKER_STARTING,
    MIGRATION_FAILED,
    MIGRATION_RUNNING,
    WAITING_FOR_DATABASE,
    MAIL_SECRET_INVALID,
    ROLLOUT_STUCK,
    SERVICE_UNAVAILABLE,
    METRICS_MISSING,
    SERVICE_ROLLING_OUT,
    WAITING_FOR_MIGRATION,
    CATALOG_MISSING,
    CATALOG_FAILED,
    CATALOG_LOADING,
    CERTIFICATE_INVALID,
    GATEWAY_UNAVAILABLE,
    GATEWAY_ROLLING_OUT,
    GATEWAY_WAITING,
)
RANK: Final = {reason.name: position for position, reason in enumerate(ALL)}

#: With one of these nothing is known of the parts.
UNPLANNED: Final = (INVALID_SPEC, RENDER_FAILED, CREATING, DATABASE_SECRET_INVALID, TEARDOWN, FALLING_ASLEEP, ASLEEP)

#: Reasons of conditions that report nothing amiss.
AVAILABLE: Final = "Available"
AS_EXPECTED: Final = "AsExpected"
COMPLETE: Final = "Complete"
STUCK: Final = "Stuck"
PAUSED: Final = "Paused"
NOT_PAUSED: Final = "NotPaused"
