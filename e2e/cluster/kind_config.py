"""The configuration of our kind cluster. Pure."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

HTTP_PORT = 8080
HTTP_NODE_PORT = 30080
PATCHES = "/kubeadm-patches"


def config(*, official_image: bool, cgroup_v1: bool, patches: Path) -> dict[str, Any]:
    """kind's Cluster object: one node, the shop's HTTP port on the machine, small control plane requests.

    `patches` holds kubeadm's patches of its static pods. Nodes that we built bring their own pod network.
    """
    kubeadm = [_document("InitConfiguration", "kubeadm.k8s.io/v1beta4", patches={"directory": PATCHES})]
    if cgroup_v1:
        kubeadm.append(_document("KubeletConfiguration", "kubelet.config.k8s.io/v1beta1", failCgroupV1=False))
    node = {
        "role": "control-plane",
        "extraPortMappings": [
            {
                "containerPort": HTTP_NODE_PORT,
                "hostPort": HTTP_PORT,
                "listenAddress": "127.0.0.1",
                "protocol": "TCP",
            }
        ],
        "extraMounts": [{"hostPath": str(patches), "containerPath": PATCHES, "readOnly": True}],
    }
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "networking": {"disableDefaultCNI": not official_image},
        "kubeadmConfigPatches": kubeadm,
        "nodes": [node],
    }


def _document(kind: str, version: str, **fields: object) -> str:
    return json.dumps({"kind": kind, "apiVersion": version, **fields})


def fingerprint(settings: dict[str, Any], image: str) -> str:
    """What a cluster is made of, to tell whether the one that runs is made of the same."""
    return hashlib.sha256(json.dumps([settings, image], sort_keys=True).encode()).hexdigest()[:12]
