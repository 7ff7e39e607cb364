"""From rendered manifests to what is applied: owner, digest, and what only a running shop knows. Pure."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from shopkeeper_operator import kinds, naming, quantity
from shopkeeper_operator.kinds import Ref
from shopkeeper_operator.plan.model import Manifest
from shopkeeper_operator.snapshot import Snapshot

_HOOK: Final = "helm.sh/hook"
_LAST_WAVE: Final = 70


class UnknownKind(ValueError):
    """The chart renders a kind that the operator neither watches nor may write."""


def finish(
    rendered: Iterable[Manifest], snapshot: Snapshot, adapt: Callable[[Manifest], Manifest] = lambda manifest: manifest
) -> dict[Ref, Manifest]:
    """Return the manifests ready to apply, in order of wave.

    Args:
        rendered: as the chart makes them.
        snapshot: the Shop as it is.
        adapt: makes of each what the present mode of the Shop wants.

    Raises:
        UnknownKind: a manifest is of a kind that the operator does not own.
    """
    made = [
        _finished(adapt(manifest), snapshot)
        for manifest in rendered
        if _HOOK not in (manifest["metadata"].get("annotations") or {})
    ]
    made.sort(key=wave)
    return {ref_of(manifest): manifest for manifest in made}


def ref_of(manifest: Mapping[str, Any]) -> Ref:
    """Return the identity of a manifest."""
    return Ref(manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"])


def wave(manifest: Mapping[str, Any]) -> int:
    """Return the wave of a manifest; what has none comes last."""
    annotations = manifest["metadata"].get("annotations") or {}
    return int(annotations.get(naming.WAVE_ANNOTATION, _LAST_WAVE))


def digest_of(manifest: Mapping[str, Any]) -> str:
    """Return the digest of what was applied last, from a manifest or a live object."""
    return str((manifest["metadata"].get("annotations") or {}).get(naming.APPLIED_ANNOTATION, ""))


def part_of(manifest: Mapping[str, Any]) -> str:
    """Return which part of the shop a manifest belongs to, such as `users` or `users-migrate`."""
    return str((manifest["metadata"].get("labels") or {}).get(naming.NAME_LABEL, ""))


def _finished(manifest: Manifest, snapshot: Snapshot) -> Manifest:
    kind = kinds.BY_NAME.get(manifest["kind"])
    if kind is None or kind.api_version != manifest["apiVersion"] or kind is kinds.SHOP:
        raise UnknownKind(f"{manifest['apiVersion']} {manifest['kind']} {manifest['metadata']['name']}")
    metadata = dict(manifest["metadata"]) | {"namespace": snapshot.shop.key.namespace}
    if not kind.data:
        metadata["ownerReferences"] = [_owner(snapshot)]
    made = manifest | {"metadata": metadata}
    if kind is kinds.STATEFUL_SET:
        made = _with_live_claims(made, snapshot)
    annotations = (metadata.get("annotations") or {}) | {naming.APPLIED_ANNOTATION: _digest(made)}
    return made | {"metadata": metadata | {"annotations": annotations}}


def _owner(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "apiVersion": naming.API_VERSION,
        "kind": naming.KIND,
        "name": snapshot.shop.name,
        "uid": snapshot.shop.uid,
        "controller": True,
    }


def _digest(manifest: Manifest) -> str:
    content = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _with_live_claims(manifest: Manifest, snapshot: Snapshot) -> Manifest:
    """Label the volume claims as ours, and keep their sizes: the API server lets nobody change the templates.

    The volume itself grows through its claim, see `resized_claims`.
    """
    live = snapshot.child("StatefulSet", manifest["metadata"]["name"])
    sizes = {} if live is None else _template_sizes(live.body)
    templates = [
        {
            **template,
            "metadata": template["metadata"] | {"labels": _claim_labels(template)},
            "spec": template["spec"] | _size(template, sizes),
        }
        for template in manifest["spec"]["volumeClaimTemplates"]
    ]
    return manifest | {"spec": manifest["spec"] | {"volumeClaimTemplates": templates}}


def _template_sizes(stateful_set: Mapping[str, Any]) -> dict[str, str]:
    templates = stateful_set["spec"].get("volumeClaimTemplates", [])
    return {template["metadata"]["name"]: claimed(template) for template in templates}


def _claim_labels(template: Mapping[str, Any]) -> dict[str, str]:
    return (template["metadata"].get("labels") or {}) | {naming.MANAGED_BY_LABEL: naming.MANAGED_BY}


def _size(template: Mapping[str, Any], sizes: Mapping[str, str]) -> dict[str, Any]:
    size = sizes.get(template["metadata"]["name"], claimed(template))
    return {"resources": {"requests": {"storage": size}}}


def resized_claims(snapshot: Snapshot, part: str, size: str) -> Iterator[Manifest]:
    """Yield what to apply to each volume claim of a part that is smaller than wanted."""
    prefix = f"data-{naming.part(snapshot.shop.name, part)}-"
    for live in snapshot.of_kind("PersistentVolumeClaim"):
        ordinal = live.ref.name.removeprefix(prefix)
        if not ordinal.isdigit() or quantity.parse(claimed(live.body)) >= quantity.parse(size):
            continue
        yield {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": live.ref.name, "namespace": snapshot.shop.key.namespace},
            "spec": {"resources": {"requests": {"storage": size}}},
        }


def claimed(claim: Mapping[str, Any]) -> str:
    """Return the size that a volume claim asks for."""
    return str(claim["spec"]["resources"]["requests"]["storage"])
