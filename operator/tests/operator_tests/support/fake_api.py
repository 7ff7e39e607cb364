"""A small Kubernetes API in memory, with the methods of the operator's own client.

It keeps resource versions, uids, generations, finalizers, owner references and the ownership of fields; it fills in
some defaults, as the real one does; and it can stop the process that writes after any write.
"""

import base64
import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shopkeeper_operator import naming
from shopkeeper_operator.apply.client import Api, ApiError
from shopkeeper_operator.kinds import Key, Kind, Ref

from . import ownership
from .ownership import Object

Watcher = Callable[[str, str, Object], None]
NOW = "2026-01-01T00:00:00Z"


class Killed(BaseException):
    """The process was killed; nothing catches it."""


class FakeApi(Api):
    """Objects by kind, namespace and name."""

    def __init__(self) -> None:
        self.objects: dict[Ref, Object] = {}
        self.writes: list[str] = []
        self.reads = 0
        self.kill_after: int | None = None
        self.refuse: Callable[[str, Ref], ApiError | None] = lambda _verb, _ref: None
        self.watchers: list[Watcher] = []
        self.logs: dict[str, str] = {}
        self.webhook: Callable[[Object], None] = lambda _body: None
        self._version = 100
        self._owned: dict[Ref, dict[str, set[ownership.Path]]] = {}

    def copy(self) -> "FakeApi":
        """Return a copy of all objects that nobody watches."""
        made = FakeApi()
        made.objects, made._version, made._owned = copy.deepcopy((self.objects, self._version, self._owned))
        return made

    # What the operator calls.

    def list_all(self, kind: Kind, namespace: str | None, selector: str, fields: str = "") -> tuple[list[Object], int]:
        """List by the selectors that the operator uses."""
        self.reads += 1
        found = [
            copy.deepcopy(body)
            for ref, body in self.objects.items()
            if ref.kind == kind.name
            and namespace in (None, ref.namespace)
            and _selected(_labels(body), selector)
            and (not fields or body.get("reason") == fields.removeprefix("reason="))
        ]
        return found, self._version

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """Return a copy of an object."""
        self.reads += 1
        return copy.deepcopy(self.objects.get(Ref(kind.name, namespace, name)))

    def get_metadata(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """Return a copy of an object's metadata."""
        found = self.get(kind, namespace, name)
        return None if found is None else found["metadata"]

    def create(self, kind: Kind, namespace: str, body: Mapping[str, Any]) -> Object:
        """Create an object."""
        made = copy.deepcopy(dict(body))
        metadata = made["metadata"]
        metadata.setdefault("name", f"{metadata.get('generateName', '')}{self._version}")
        ref = Ref(kind.name, namespace, metadata["name"])
        self._check("create", ref)
        if ref in self.objects:
            raise ApiError(409, "AlreadyExists", f"{ref} already exists")
        strings = made.pop("stringData", {})
        if strings:
            made["data"] = {key: base64.b64encode(value.encode()).decode() for key, value in strings.items()}
        self._add(ref, made)
        return self._written("create", ref)

    def apply(
        self, kind: Kind, manifest: Mapping[str, Any], manager: str = naming.FIELD_MANAGER, *, status: bool = False
    ) -> Object:
        """Apply by force."""
        metadata = manifest["metadata"]
        ref = Ref(kind.name, metadata["namespace"], metadata["name"])
        self._check("apply", ref)
        live = self.objects.get(ref)
        if "uid" in metadata and (live is None or live["metadata"]["uid"] != metadata["uid"]):
            raise ApiError(404 if status else 409, "Conflict", f"{ref} is another object or gone")
        if status:
            return self._apply_status(ref, manifest)
        if live is None:
            live = {"apiVersion": kind.api_version, "kind": kind.name}
            live["metadata"] = {"name": ref.name, "namespace": ref.namespace}
            self._add(ref, live)
        before = copy.deepcopy(live)
        self._merge_owned(ref, live, manifest, manager)
        _fill_in(live)
        self.webhook(live)
        if live == before:
            return copy.deepcopy(live)
        if live.get("spec") != before.get("spec"):
            live["metadata"]["generation"] += 1
        return self._written("apply", ref)

    def merge(self, kind: Kind, key: Key, patch: Mapping[str, Any]) -> Object:
        """Merge what is merged: finalizers of a Shop, keys of a Secret, fields of a Lease."""
        ref = Ref(kind.name, *key)
        self._check("patch", ref)
        live = self.objects.get(ref)
        if live is None:
            raise ApiError(404, "NotFound", f"{ref} not found")
        if patch["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", f"{ref} has been modified")
        if "finalizers" in patch["metadata"]:
            live["metadata"]["finalizers"] = list(patch["metadata"]["finalizers"])
        for section in ("data", "spec"):
            live.get(section, {}).update(patch.get(section, {}))
        return self._written("patch", ref)

    def delete(self, ref: Ref, uid: str, propagation: str) -> Object | None:
        """Delete an object; in the foreground it stays until `settle`."""
        self._check("delete", ref)
        live = self.objects.get(ref)
        if live is None:
            return None
        if live["metadata"]["uid"] != uid:
            raise ApiError(409, "Conflict", f"{ref} has another uid")
        if propagation == "Foreground":
            live["metadata"].setdefault("finalizers", []).append("foregroundDeletion")
        live["metadata"].setdefault("deletionTimestamp", NOW)
        left = self._written("delete", ref)
        return left if ref in self.objects else None

    def pods_of_job(self, _namespace: str, job: str) -> list[Object]:
        """Return one failed pod for a Job that has a log."""
        return [{"metadata": {"name": job}, "status": {"phase": "Failed"}}] if job in self.logs else []

    def log(self, _namespace: str, pod: str, lines: int, *, container: str = "", previous: bool = False) -> str:
        """Return the log of a Job's pod, or of a crashed container's run before."""
        assert previous == bool(container)
        if pod not in self.logs:
            raise ApiError(404, "NotFound", f"pods {pod} not found")
        return "\n".join(self.logs[pod].split("\n")[-lines:])

    # What tests do.

    def edit(self, ref: Ref, change: Callable[[Object], None], manager: str = "someone") -> None:
        """Change an object as another client does, who then owns what has changed."""
        live = self.objects[ref]
        before = copy.deepcopy(live)
        change(live)
        old, new = ownership.leaves(before), ownership.leaves(live)
        changed = {path for path, value in new.items() if old.get(path, _ABSENT) != value} | (old.keys() - new.keys())
        for paths in self._owned.get(ref, {}).values():
            paths.difference_update(changed)
        self._owned.setdefault(ref, {}).setdefault(manager, set()).update(changed & new.keys())
        if live.get("spec") != before.get("spec"):
            live["metadata"]["generation"] += 1
        self._touch(ref, "MODIFIED")

    def remove(self, ref: Ref) -> None:
        """Delete an object as another client does."""
        body = self.objects[ref]
        body["metadata"].setdefault("deletionTimestamp", NOW)
        self._touch(ref, "MODIFIED")
        self._finish_deletion(ref)

    def settle(self) -> bool:
        """Do what Kubernetes does by itself about deletions, and tell whether there was anything."""
        worked = False
        for ref, body in list(self.objects.items()):
            finalizers = body["metadata"].get("finalizers", [])
            if "foregroundDeletion" in finalizers:
                finalizers.remove("foregroundDeletion")
                self._touch(ref, "MODIFIED")
                self._finish_deletion(ref)
                worked = True
        return self._collect_garbage() or worked

    def owners(self, ref: Ref, path: ownership.Path) -> set[str]:
        """Return the managers that own a field."""
        return {manager for manager, paths in self._owned.get(ref, {}).items() if path in paths}

    def of(self, kind: str) -> dict[str, Object]:
        """Return the objects of a kind by name."""
        return {ref.name: body for ref, body in self.objects.items() if ref.kind == kind}

    def _merge_owned(self, ref: Ref, live: Object, manifest: Mapping[str, Any], manager: str) -> None:
        wanted = {
            path: value
            for path, value in ownership.leaves(dict(manifest)).items()
            if path not in _IDENTITY and path[0] != "status"
        }
        owned = self._owned.setdefault(ref, {})
        others = set().union(*(paths for name, paths in owned.items() if name != manager))
        for path in owned.get(manager, set()) - wanted.keys() - others:
            ownership.drop(live, path)
        for path, value in wanted.items():
            if ownership.get(live, path) != value:
                for paths in owned.values():
                    paths.discard(path)
                ownership.put(live, path, value)
        owned[manager] = set(wanted)

    def _apply_status(self, ref: Ref, manifest: Mapping[str, Any]) -> Object:
        live = self.objects[ref]
        if live.get("status") == manifest["status"]:
            return copy.deepcopy(live)
        live["status"] = copy.deepcopy(manifest["status"])
        return self._written("status", ref)

    def _add(self, ref: Ref, body: Object) -> None:
        self._version += 1
        body["metadata"] |= {
            "namespace": ref.namespace,
            "uid": f"uid-{self._version}",
            "generation": 1,
            "creationTimestamp": NOW,
        }
        self.objects[ref] = body

    def _check(self, verb: str, ref: Ref) -> None:
        error = self.refuse(verb, ref)
        if error is not None:
            raise error

    def _written(self, verb: str, ref: Ref) -> Object:
        new = "resourceVersion" not in self.objects[ref]["metadata"]
        self._touch(ref, "ADDED" if new else "MODIFIED")
        self.writes.append(f"{verb} {ref}")
        made = copy.deepcopy(self.objects[ref])
        self._finish_deletion(ref)
        if self.kill_after is not None and len(self.writes) >= self.kill_after:
            self.kill_after = None
            raise Killed
        return made

    def _touch(self, ref: Ref, event: str) -> None:
        self._version += 1
        body = self.objects[ref]
        body["metadata"]["resourceVersion"] = str(self._version)
        body["metadata"]["managedFields"] = list(self._managed(ref))
        for watcher in self.watchers:
            watcher(event, ref.kind, copy.deepcopy(body))

    def _managed(self, ref: Ref) -> Iterable[Object]:
        for manager, paths in self._owned.get(ref, {}).items():
            fields: Object = {"f:spec": {"f:replicas": {}}} if ("spec", "replicas") in paths else {}
            yield {"manager": manager, "operation": "Apply", "fieldsV1": fields}

    def _finish_deletion(self, ref: Ref) -> None:
        body = self.objects[ref]
        if "deletionTimestamp" in body["metadata"] and not body["metadata"].get("finalizers"):
            self._touch(ref, "DELETED")
            del self.objects[ref]
            self._owned.pop(ref, None)

    def _collect_garbage(self) -> bool:
        alive = {body["metadata"]["uid"] for body in self.objects.values()}
        worked = False
        for ref, body in list(self.objects.items()):
            owners = body["metadata"].get("ownerReferences", [])
            if owners and not any(owner["uid"] in alive for owner in owners):
                self.remove(ref)
                worked = True
        return worked


_ABSENT = object()
_IDENTITY = {
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("metadata", "uid"),
}


def _labels(body: Object) -> dict[str, str]:
    labels: dict[str, str] = body["metadata"].get("labels") or {}
    return labels


def _selected(labels: Mapping[str, str], selector: str) -> bool:
    wanted = (pair.partition("=") for pair in selector.split(",") if pair)
    return all(labels.get(key) == value for key, _, value in wanted)


def _fill_in(body: Object) -> None:
    """Fill in defaults as the API server does, so that the operator has to tell them from its own fields."""
    spec = body.get("spec", {})
    if body["kind"] in ("Deployment", "StatefulSet"):
        spec.setdefault("replicas", 1)
        for container in spec["template"]["spec"]["containers"]:
            container.setdefault("terminationMessagePath", "/dev/termination-log")
            for port in container.get("ports", []):
                port.setdefault("protocol", "TCP")
    if body["kind"] == "Service":
        spec.setdefault("clusterIP", "10.96.0.7")
        for port in spec.get("ports", []):
            port.setdefault("protocol", "TCP")
