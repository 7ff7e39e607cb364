"""The configuration of our kind cluster. Pure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# Ports of this machine, and the node ports that the sample Shop's gateway has behind them: http and https.
PORTS = {8080: 30080, 8443: 30443}
PATCHES = "/kubeadm-patches"


def config(*, official_image: bool, cgroup_v1: bool, patches: Path) -> dict[str, Any]:
    """kind's Cluster object: one node, the shop's ports on the machine, small control plane requests.

    `patches` holds kubeadm's patches of its static pods. Nodes that we built bring their own pod network.
    """
    kubeadm = [_document("InitConfiguration", "kubeadm.k8s.io/v1beta4", patches={"directory": PATCHES})]
    if cgroup_v1:
        kubeadm.append(_document("KubeletConfiguration", "kubelet.config.k8s.io/v1beta1", failCgroupV1=False))
    node = {
        "role": "control-plane",
        "extraPortMappings": [
            {"containerPort": node_port, "hostPort": port, "listenAddress": "127.0.0.1", "protocol": "TCP"}
            for port, node_port in PORTS.items()
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
