"""From a Shop to the values of `charts/shop`. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopkeeper_operator import naming, parts, quantity
from shopkeeper_operator.api.model import Service, Spec
from shopkeeper_operator.profiles import PROFILES, Profile, Size


@dataclass(frozen=True, slots=True)
class Facts:
    """What the values need beside the spec.

    `release`, `image_registry` and `operator_namespace` are the operator's own: its release is that of Shops that
    name none, and network policies let it in from its namespace. `database_port` is the database server's.
    `credentials` are digests of the secrets that each service reads: a changed one restarts its pods. `catalog` is a
    digest of the catalogue: a changed one is loaded; empty where there is none to load.
    """

    release: str
    image_registry: str
    operator_namespace: str
    database_port: int
    credentials: Mapping[str, str]
    catalog: str = ""


def build(spec: Spec, facts: Facts) -> dict[str, Any]:
    """Return the values that make `charts/shop` the wanted shop."""
    profile = PROFILES[spec.profile]
    external = spec.database.mode == "External"
    return {
        "global": _global(spec, facts),
        **{part.name: _service(spec, part.name, profile, facts) for part in parts.ALL},
        "gateway": _gateway(spec, profile),
        "postgres": {"enabled": False} if external else _postgres(spec, profile, facts.operator_namespace),
        "rabbitmq": _rabbitmq(spec, profile, facts.credentials[naming.RABBITMQ]),
    }


def url(spec: Spec) -> str:
    """Return the public address of the shop; empty where it has no host.

    It is https where somebody has taken care of that: browsers do not trust a certificate of the operator's own.
    """
    if not spec.host:
        return ""
    return f"{'https' if spec.tls.secret_name or spec.tls.redirect else 'http'}://{spec.host}"


def _global(spec: Spec, facts: Facts) -> dict[str, Any]:
    return {
        "imageRegistry": facts.image_registry,
        "imageTag": spec.release or facts.release,
        "imagePullSecrets": [{"name": secret.name} for secret in spec.image_pull_secrets],
        "currency": spec.currency,
        "managedBy": naming.MANAGED_BY,
        "url": url(spec),
        "trustedProxies": spec.gateway.trusted_proxies,
        "tracing": {"endpoint": spec.tracing.endpoint},
        "database": {"external": spec.database.mode == "External", "port": facts.database_port},
    }


def _service(spec: Spec, name: str, profile: Profile, facts: Facts) -> dict[str, Any]:
    service, size = spec.services.get(name, Service()), profile.of(name)
    made: dict[str, Any] = {
        "replicas": service.replicas if service.replicas is not None else size.replicas,
        "resources": _resources(service, size),
        "env": dict(service.env),
        "podAnnotations": {naming.CREDENTIALS_ANNOTATION: facts.credentials[name]},
    }
    if name in parts.WITH_DATABASE:
        made["database"] = {"poolSize": profile.pool_size}
    if service.autoscaling is not None:
        made["autoscaling"] = {
            "enabled": True,
            "minReplicas": service.autoscaling.min_replicas,
            "maxReplicas": service.autoscaling.max_replicas,
            "targetCPUUtilization": service.autoscaling.target_cpu_utilization,
        }
    if name == "products":
        made["catalog"] = {"configMap": spec.catalog.config_map if facts.catalog else "", "checksum": facts.catalog}
    if name == "notifications":
        made["mail"] = {"secretName": spec.mail.secret_name, "from": spec.mail.sender}
    return made


def _resources(service: Service, size: Size) -> dict[str, dict[str, Any]]:
    """Lay the Shop's amounts over the profile's; a profile's request gives way to a lower limit of the Shop."""
    made = size.resources()
    given = service.resources
    for resource, requested, limit in (
        ("cpu", given.requests.cpu, given.limits.cpu),
        ("memory", given.requests.memory, given.limits.memory),
    ):
        if limit is not None:
            made["limits"][resource] = str(limit)
            made["requests"][resource] = str(quantity.smaller(made["requests"][resource], limit))
        if requested is not None:
            made["requests"][resource] = str(requested)
            if limit is None and quantity.parse(requested) > quantity.parse(made["limits"][resource]):
                made["limits"][resource] = str(requested)
    return made


def _gateway(spec: Spec, profile: Profile) -> dict[str, Any]:
    service, limit = spec.gateway.service, spec.gateway.rate_limit
    return {
        "replicas": profile.gateway.replicas,
        "resources": profile.gateway.resources(),
        "service": {"type": service.type, "nodePort": service.node_port, "tlsNodePort": service.tls_node_port},
        "tls": {"enabled": True, "secretName": spec.tls.secret_name, "redirect": spec.tls.redirect},
        "rateLimit": {
            "requestsPerMinute": limit.requests_per_minute,
            "credentialsPerMinute": limit.credentials_per_minute,
        },
    }


def _postgres(spec: Spec, profile: Profile, operator_namespace: str) -> dict[str, Any]:
    return {
        "enabled": True,
        "storage": {"size": spec.database.storage.size, "className": spec.database.storage.class_name},
        "resources": profile.postgres.resources(),
        "maxConnections": profile.max_connections,
        "sharedBuffers": profile.shared_buffers,
        "networkPolicy": {"enabled": True, "operatorNamespace": operator_namespace},
    }


def _rabbitmq(spec: Spec, profile: Profile, credentials: str) -> dict[str, Any]:
    messaging = spec.messaging
    return {
        "enabled": True,
        "replicas": messaging.replicas,
        "storage": {"size": messaging.storage.size, "className": messaging.storage.class_name},
        "resources": profile.rabbitmq.resources(),
        "memoryHighWatermark": profile.memory_high_watermark,
        "podAnnotations": {naming.CREDENTIALS_ANNOTATION: credentials},
    }
