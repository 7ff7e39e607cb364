"""What each profile means, as data. Pure.

The sum of requests of `small` is 290m and 1216Mi (5m and 48Mi more where the mail sink runs): five such Shops and the
operator fit beside the control plane of a node with two cores.
"""

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Size:
    """Pods of one part: how many, and what each may use."""

    replicas: int
    cpu: str
    memory: str
    cpu_limit: str
    memory_limit: str

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return requests and limits as a container has them."""
        return {
            "requests": {"cpu": self.cpu, "memory": self.memory},
            "limits": {"cpu": self.cpu_limit, "memory": self.memory_limit},
        }


@dataclass(frozen=True, slots=True)
class Profile:
    """Sizes of all parts; `services` holds those that differ from `service`."""

    service: Size
    gateway: Size
    postgres: Size
    rabbitmq: Size
    memory_high_watermark: str
    pool_size: int
    max_connections: int
    shared_buffers: str
    services: dict[str, Size] = field(default_factory=dict)

    def of(self, service: str) -> Size:
        """Return the size of one service."""
        return self.services.get(service, self.service)


PROFILES: Final = {
    "small": Profile(
        service=Size(1, "20m", "96Mi", "1", "192Mi"),
        # Hashing a password takes 19 MiB at a time.
        services={"users": Size(1, "20m", "96Mi", "1", "256Mi")},
        gateway=Size(1, "30m", "64Mi", "2", "192Mi"),
        postgres=Size(1, "60m", "192Mi", "2", "512Mi"),
        rabbitmq=Size(1, "40m", "192Mi", "1", "384Mi"),
        memory_high_watermark="192MiB",
        pool_size=8,
        max_connections=200,
        shared_buffers="64MB",
    ),
    "medium": Profile(
        service=Size(2, "250m", "128Mi", "2", "256Mi"),
        services={"users": Size(2, "250m", "128Mi", "2", "512Mi")},
        gateway=Size(2, "200m", "96Mi", "2", "256Mi"),
        postgres=Size(1, "500m", "1Gi", "4", "2Gi"),
        rabbitmq=Size(1, "250m", "384Mi", "2", "768Mi"),
        memory_high_watermark="460MiB",
        pool_size=8,
        max_connections=400,
        shared_buffers="256MB",
    ),
    "large": Profile(
        service=Size(3, "1", "256Mi", "4", "512Mi"),
        services={"users": Size(3, "1", "256Mi", "4", "1Gi")},
        gateway=Size(3, "500m", "128Mi", "4", "384Mi"),
        postgres=Size(1, "2", "4Gi", "8", "8Gi"),
        rabbitmq=Size(1, "1", "1Gi", "4", "2Gi"),
        memory_high_watermark="1228MiB",
        pool_size=8,
        max_connections=800,
        shared_buffers="1GB",
    ),
}
