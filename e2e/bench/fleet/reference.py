"""The reference: what one writes first with kopf. One handler per Shop, one blocking create per object, no waves.

It creates the same objects as our operator, from a file of manifests in which the Shop's name is to be replaced.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import kopf
from kubernetes import client, config, dynamic

from e2e.bench.fleet.objects import PLACEHOLDER

TEMPLATE = Path(os.environ["BENCH_OBJECTS"]).read_text()
READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Created",
    "message": "",
    "observedGeneration": 1,
    "lastTransitionTime": "2020-01-01T00:00:00Z",
}
# The package is only partly typed.
_config: Any = config
_dynamic: Any = dynamic


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    """Read the kubeconfig; write no Events, as our operator writes none for each object."""
    _config.load_kube_config()
    settings.posting.enabled = False


@kopf.on.create("shopkeeper.dev", "v1alpha1", "shops")
def create(name: str, namespace: str | None, patch: kopf.Patch, **_: Any) -> None:
    """Create every object of a Shop, one after the other."""
    api = _dynamic.DynamicClient(client.ApiClient())
    for manifest in json.loads(TEMPLATE.replace(PLACEHOLDER, name)):
        kopf.adopt(manifest)
        resource = api.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
        resource.create(body=manifest, namespace=namespace)
    patch.status["conditions"] = [READY]
