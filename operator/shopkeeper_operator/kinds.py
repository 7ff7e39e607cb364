"""The kinds of objects the operator owns, as data. Pure."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from shopkeeper_operator import naming


@dataclass(frozen=True, slots=True)
class Kind:
    """One Kubernetes resource type.

    `data` marks what outlives the Shop under `deletionPolicy: Retain`: no owner reference, never pruned.
    """

    name: str
    group: str
    version: str
    plural: str
    data: bool = False

    @property
    def api_version(self) -> str:
        """The `apiVersion` of objects of this kind."""
        return f"{self.group}/{self.version}" if self.group else self.version


SHOP: Final = Kind(naming.KIND, naming.GROUP, naming.VERSION, naming.PLURAL)
SECRET: Final = Kind("Secret", "", "v1", "secrets", data=True)
CLAIM: Final = Kind("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims", data=True)
CONFIG_MAP: Final = Kind("ConfigMap", "", "v1", "configmaps")
SERVICE: Final = Kind("Service", "", "v1", "services")
DEPLOYMENT: Final = Kind("Deployment", "apps", "v1", "deployments")
STATEFUL_SET: Final = Kind("StatefulSet", "apps", "v1", "statefulsets")
JOB: Final = Kind("Job", "batch", "v1", "jobs")
AUTOSCALER: Final = Kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers")

OWNED: Final = (
    SECRET,
    CLAIM,
    Kind("ServiceAccount", "", "v1", "serviceaccounts"),
    CONFIG_MAP,
    SERVICE,
    Kind("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies"),
    STATEFUL_SET,
    JOB,
    DEPLOYMENT,
    AUTOSCALER,
    Kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets"),
)
BY_NAME: Final = {kind.name: kind for kind in (SHOP, *OWNED)}


class Ref(NamedTuple):
    """The identity of one namespaced object."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Key(NamedTuple):
    """The identity of one Shop: what the work queue holds."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
