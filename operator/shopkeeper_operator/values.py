"""From a Shop to the values of `charts/shop`. Pure."""

from collections.abc import Mapping
from typing import Any

from shopkeeper_operator import naming, quantity
from shopkeeper_operator.api.model import Service, Spec
from shopkeeper_operator.profiles import PROFILES, Profile, Size


def build(
    spec: Spec,
    *,
    release: str,
    image_registry: str,
    operator_namespace: str,
    database_port: int,
    credentials: Mapping[str, str],
) -> dict[str, Any]:
    """Return the values that make `charts/shop` the wanted shop.

    Args:
        spec: the Shop's spec.
        release: the operator's own release, for a Shop that names none.
        image_registry: registry of all images, empty for the default.
        operator_namespace: where the operator runs: the network policy of the database lets it in.
        database_port: port of the database server.
        credentials: digest of the secrets that each service reads: a changed one restarts its pods.
    """
    profile = PROFILES[spec.profile]
    external = spec.database.mode == "External"
    return {
        "global": {
            "imageRegistry": image_registry,
            "imageTag": spec.release or release,
            "imagePullSecrets": [{"name": secret.name} for secret in spec.image_pull_secrets],
            "currency": spec.currency,
            "managedBy": naming.MANAGED_BY,
            "database": {"external": external, "port": database_port},
        },
        **{
            name: _service(spec.services.get(name, Service()), profile, profile.of(name), credentials[name])
            for name in naming.SERVICES
        },
        "gateway": _gateway(spec, profile),
        "postgres": {"enabled": False} if external else _postgres(spec, profile, operator_namespace),
    }


def _service(service: Service, profile: Profile, size: Size, credentials: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "replicas": service.replicas if service.replicas is not None else size.replicas,
        "resources": _resources(service, size),
        "env": dict(service.env),
        "database": {"poolSize": profile.pool_size},
        "podAnnotations": {naming.CREDENTIALS_ANNOTATION: credentials},
    }
    if service.autoscaling is not None:
        made["autoscaling"] = {
            "enabled": True,
            "minReplicas": service.autoscaling.min_replicas,
            "maxReplicas": service.autoscaling.max_replicas,
            "targetCPUUtilization": service.autoscaling.target_cpu_utilization,
        }
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
    service = spec.gateway.service
    return {
        "replicas": profile.gateway.replicas,
        "resources": profile.gateway.resources(),
        "service": {"type": service.type, "nodePort": service.node_port},
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
