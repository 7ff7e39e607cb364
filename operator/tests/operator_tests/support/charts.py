"""A chart of a shop in small: the kinds, names, labels and waves of `charts/shop`, made without Helm."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopkeeper_operator import kinds, naming
from shopkeeper_operator.plan.model import RenderError

from .ownership import Object


def render(name: str, namespace: str, values: Mapping[str, Any]) -> list[Object]:
    """Return the manifests of a shop."""
    tag = values["global"]["imageTag"]
    if tag == "unrenderable":
        raise RenderError("users: imageTag is not to the chart's liking")
    maker = _Maker(name, namespace)
    made: list[Object] = []
    if values["postgres"]["enabled"]:
        made += _stateful(maker, "postgres", values["postgres"] | {"replicas": 1}, tag)
    made += _stateful(maker, "rabbitmq", values["rabbitmq"], tag)
    for service in naming.SERVICES:
        made += _service(maker, service, values[service], tag)
    if values["products"]["catalog"]["configMap"]:
        made.append(_catalog(maker, values["products"]["catalog"], tag))
    made += _gateway(maker, values["gateway"], tag)
    hook = maker.make("Pod", "test", 70, {"containers": []})
    hook["metadata"]["annotations"]["helm.sh/hook"] = "test"
    return [*made, hook]


@dataclass(frozen=True)
class _Maker:
    """Makes the objects of one shop."""

    shop: str
    namespace: str

    def make(self, kind: str, part: str, wave: int, spec: Object, suffix: str = "") -> Object:
        """Return an object of a part; its name has a suffix on demand."""
        return {
            "apiVersion": kinds.BY_NAME[kind].api_version if kind in kinds.BY_NAME else "v1",
            "kind": kind,
            "metadata": {
                "name": f"{self.shop}-{part}{suffix}",
                "namespace": self.namespace,
                "labels": naming.labels(self.shop, part),
                "annotations": {naming.WAVE_ANNOTATION: str(wave)},
            },
            "spec": spec,
        }

    def template(self, part: str, image: str, annotations: Mapping[str, str] | None = None) -> Object:
        """Return a pod template."""
        return {
            "metadata": {"labels": naming.labels(self.shop, part), "annotations": dict(annotations or {})},
            "spec": {"containers": [{"name": part, "image": image, "ports": [{"containerPort": 8080}]}]},
        }

    def selector(self, part: str) -> Object:
        """Return what selects the pods of a part."""
        return {naming.NAME_LABEL: part, naming.INSTANCE_LABEL: self.shop}


def _service(maker: _Maker, service: str, values: Mapping[str, Any], tag: str) -> list[Object]:
    image = f"shopkeeper/{service}:{tag}"
    selector = maker.selector(service)
    ports = [{"name": "http", "port": 80}, {"name": "metrics", "port": 9090}]
    job = {"backoffLimit": 6, "template": maker.template(f"{service}-migrate", image, values["podAnnotations"])}
    deployment = {
        "replicas": values["replicas"],
        "selector": {"matchLabels": selector},
        "template": maker.template(service, image, values["podAnnotations"]),
    }
    made = [
        maker.make("Service", service, 10, {"selector": selector, "ports": ports}),
        *([maker.make("Job", f"{service}-migrate", 40, job, _digest(job))] if "database" in values else []),
        maker.make("Deployment", service, 50, deployment),
        maker.make("PodDisruptionBudget", service, 70, {"maxUnavailable": 1}),
    ]
    scaling = values.get("autoscaling", {})
    if scaling.get("enabled"):
        del deployment["replicas"]
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"{maker.shop}-{service}"}
        spec = {"scaleTargetRef": target, "minReplicas": scaling["minReplicas"], "maxReplicas": scaling["maxReplicas"]}
        made.append(maker.make("HorizontalPodAutoscaler", service, 70, spec))
    return made


def _digest(job: Object) -> str:
    return f"-{hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()[:8]}"


def _catalog(maker: _Maker, values: Mapping[str, Any], tag: str) -> Object:
    template = maker.template("catalog", f"shopkeeper/products:{tag}", {"checksum": values["checksum"]})
    job = {"backoffLimit": 6, "template": template}
    return maker.make("Job", "catalog", 55, job, _digest(job))


def _gateway(maker: _Maker, values: Mapping[str, Any], tag: str) -> list[Object]:
    selector = maker.selector("gateway")
    spec: Object = {"type": values["service"]["type"], "selector": selector, "ports": [{"name": "http", "port": 80}]}
    deployment = {
        "replicas": values["replicas"],
        "selector": {"matchLabels": selector},
        "template": maker.template("gateway", f"shopkeeper/gateway:{tag}"),
    }
    return [maker.make("Service", "gateway", 10, spec), maker.make("Deployment", "gateway", 60, deployment)]


def _stateful(maker: _Maker, part: str, values: Mapping[str, Any], tag: str) -> list[Object]:
    selector = maker.selector(part)
    claim = {
        "metadata": {"name": "data", "labels": dict(selector)},
        "spec": {"resources": {"requests": {"storage": values["storage"]["size"]}}},
    }
    spec = {
        "replicas": values["replicas"],
        "selector": {"matchLabels": selector},
        "template": maker.template(part, f"shopkeeper/{part}:{tag}", values.get("podAnnotations")),
        "volumeClaimTemplates": [claim],
    }
    return [
        maker.make("Service", part, 10, {"selector": selector, "ports": [{"port": 5432}]}),
        maker.make("StatefulSet", part, 20, spec),
    ]
