"""The status of a Shop as Python types: what the resource definition is generated from. Pure."""

from typing import Literal

from pydantic import Field

from shopkeeper_operator.api.model import Part


class Condition(Part):
    """One condition, as the Kubernetes API conventions define it."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    observed_generation: int
    last_transition_time: str = Field(json_schema_extra={"format": "date-time"})


class ServiceStatus(Part):
    """What runs of one service."""

    name: str
    ready: int = Field(description="Pods that serve.")
    replicas: int = Field(description="Pods wanted.")
    image: str = Field(description="Image that the Deployment runs.")
    migration: str = Field(description="Migration Job of the running release.")


class DatabaseStatus(Part):
    """What is known of the database server."""

    version: str = Field(description="Version of the server.")
    host: str = Field(description="Where the services find it.")


class PlanStatus(Part):
    """What a paused Shop would change."""

    count: int = Field(description="How many changes.")
    changes: list[str] = Field(default_factory=list, description="The first hundred of them, in order.")
    restarts: list[str] = Field(default_factory=list, description="Workloads the pods of which would be replaced.")


class Status(Part):
    """What the shop is."""

    observed_generation: int | None = None
    phase: Literal["Pending", "Progressing", "Ready", "Degraded", "Asleep", "Paused", "Deleting"] | None = None
    url: str | None = Field(default=None, description="Where the shop answers.")
    release: str | None = Field(default=None, description="Release that is wanted of every service.")
    services_ready: str | None = Field(default=None, description="Services that are ready, of all.")
    conditions: list[Condition] = Field(
        default_factory=list,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    services: list[ServiceStatus] = Field(
        default_factory=list,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    database: DatabaseStatus | None = None
    plan: PlanStatus | None = Field(default=None, description="Of a paused Shop: what it would change.")
