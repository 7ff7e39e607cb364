"""Objects of a Shop as a template: taken from one that our operator made, with the Shop's name to be replaced. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

PLACEHOLDER = "placeholder-shop"
# What the API server, controllers and our operator's bookkeeping added.
SERVER_SIDE = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "ownerReferences")
PLURALS = {
    "NetworkPolicy": "networkpolicies",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "StatefulSet": "statefulsets",
}


def template(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return objects as they can be created anew."""
    return [_bare(item) for item in found]


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in item.items() if key != "status"}
    made["metadata"] = {key: value for key, value in item["metadata"].items() if key not in SERVER_SIDE}
    if item["kind"] == "Service":
        assigned = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
        headless = item["spec"].get("clusterIP") == "None"
        made["spec"] = {k: v for k, v in item["spec"].items() if k not in assigned} | (
            {"clusterIP": "None"} if headless else {}
        )
    if item["kind"] == "Job":
        # Labels and selector that the API server makes from the uid.
        made["spec"] = {k: v for k, v in item["spec"].items() if k != "selector"}
        labels = made["spec"]["template"]["metadata"]["labels"]
        made["spec"]["template"]["metadata"]["labels"] = {
            k: v for k, v in labels.items() if not k.startswith("batch.") and k not in ("controller-uid", "job-name")
        }
        made["metadata"]["labels"] = made["spec"]["template"]["metadata"]["labels"]
    return made


def path(manifest: dict[str, Any], namespace: str) -> str:
    """Return the path of the collection that an object is created in."""
    version, kind = manifest["apiVersion"], manifest["kind"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/{namespace}/{PLURALS.get(kind, kind.lower() + 's')}"
