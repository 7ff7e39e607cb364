"""The Kubernetes API as the operator uses it: a few verbs on plain dictionaries, with timeouts and metrics.

Of the `kubernetes` package only configuration and the REST layer are used: its models would cost memory and tell
nothing that a manifest does not say.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import urllib3
from kubernetes import config as kube_config
from kubernetes.client import configuration as kube_configuration
from kubernetes.client import rest as kube_rest

from shopkeeper_operator import __version__, metrics, naming
from shopkeeper_operator.kinds import BY_NAME, Key, Kind, Ref

_TIMEOUT: Final = (5, 20)
_PAGE: Final = 500
_METADATA_ONLY: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_APPLY: Final = "application/apply-patch+yaml"
_MERGE: Final = "application/merge-patch+json"


class ApiError(Exception):
    """The API server refused a request, or gave no answer (`status` 0)."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason

    @property
    def absent(self) -> bool:
        """The object does not exist."""
        return self.status == 404

    @property
    def conflict(self) -> bool:
        """The object is there already, or is another one than expected."""
        return self.status == 409


def load_configuration(connections: int) -> Any:
    """Return the client configuration: of the pod's service account, else of the kubeconfig's current context."""
    made: Any = kube_configuration.Configuration()
    untyped: Any = kube_config
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        untyped.load_incluster_config(client_configuration=made)
    else:
        untyped.load_kube_config(client_configuration=made)
    made.retries = False  # the queue repeats what failed, with growing pauses
    made.connection_pool_maxsize = connections
    return made


class Api:
    """A thread-safe client. Every method raises `ApiError` where the API server refuses or does not answer."""

    def __init__(self, configuration: Any, guard: Callable[[], None] = lambda: None) -> None:
        """Make a client.

        Args:
            configuration: see `load_configuration`.
            guard: called before each write; raises where this replica must not write.
        """
        self._configuration = configuration
        self._guard = guard
        rest: Any = kube_rest.RESTClientObject
        self._rest = rest(configuration)

    def list_all(
        self, kind: Kind, namespace: str | None, selector: str, fields: str = ""
    ) -> tuple[list[dict[str, Any]], int]:
        """Return all objects of a kind by label and field selector, and the resource version they are of."""
        items: list[dict[str, Any]] = []
        token = ""
        while True:
            query = {"labelSelector": selector, "fieldSelector": fields, "limit": str(_PAGE), "continue": token}
            page = self._request("GET", _path(kind, namespace), query)
            items.extend(page["items"])
            token = page["metadata"].get("continue", "")
            if not token:
                return items, int(page["metadata"]["resourceVersion"])

    def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        """Return one object, None where it does not exist."""
        return self._find(_path(kind, namespace, name), "application/json")

    def get_metadata(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        """Return the metadata of one object, None where it does not exist."""
        found = self._find(_path(kind, namespace, name), _METADATA_ONLY)
        return None if found is None else found["metadata"]

    def _find(self, path: str, accept: str) -> dict[str, Any] | None:
        try:
            return self._request("GET", path, accept=accept)
        except ApiError as error:
            if error.absent:
                return None
            raise

    def create(self, kind: Kind, namespace: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object; a conflict tells that it exists."""
        query = {"fieldManager": naming.FIELD_MANAGER}
        return self._request("POST", _path(kind, namespace), query, body)

    def apply(
        self,
        kind: Kind,
        manifest: Mapping[str, Any],
        manager: str = naming.FIELD_MANAGER,
        *,
        status: bool = False,
    ) -> dict[str, Any]:
        """Apply a manifest on the server's side, taking over the fields it has, and return the whole object."""
        metadata = manifest["metadata"]
        path = _path(kind, metadata["namespace"], metadata["name"]) + ("/status" if status else "")
        query = {"fieldManager": manager, "force": "true"}
        return self._request("PATCH", path, query, manifest, content_type=_APPLY)

    def merge(self, kind: Kind, key: Key, patch: Mapping[str, Any]) -> dict[str, Any]:
        """Merge a patch into an object."""
        query = {"fieldManager": naming.FIELD_MANAGER}
        return self._request("PATCH", _path(kind, *key), query, patch, content_type=_MERGE)

    def delete(self, ref: Ref, uid: str, propagation: str) -> dict[str, Any] | None:
        """Delete an object if it still is the one of this uid; return what is left of it while finalizers hold it."""
        body = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": propagation,
            "preconditions": {"uid": uid},
        }
        try:
            answer = self._request("DELETE", _path(BY_NAME[ref.kind], ref.namespace, ref.name), body=body)
        except ApiError as error:
            if error.absent:
                return None
            raise
        return answer if answer.get("metadata", {}).get("finalizers") else None

    def pods_of_job(self, namespace: str, job: str) -> list[dict[str, Any]]:
        """Return the pods of a Job, the newest first."""
        pods = Kind("Pod", "", "v1", "pods")
        found = self.list_all(pods, namespace, f"batch.kubernetes.io/job-name={job}")[0]
        return sorted(found, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True)

    def log(self, namespace: str, pod: str, lines: int, *, container: str = "", previous: bool = False) -> str:
        """Return the last lines of a pod's log, or of the run of a container before its present one."""
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/log"
        query = {"tailLines": str(lines), "limitBytes": "4096", "container": container}
        if previous:
            query["previous"] = "true"
        return self._send("GET", path, query, None, {"Accept": "*/*"}).decode(errors="replace")

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        accept: str = "application/json",
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        headers = {"Accept": accept, "Content-Type": content_type}
        answer: dict[str, Any] = json.loads(self._send(method, path, query, body, headers))
        return answer

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        headers: dict[str, str],
    ) -> bytes:
        headers["User-Agent"] = f"shopkeeper-operator/{__version__}"
        authorization = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        if authorization:
            headers["Authorization"] = authorization
        url = f"{self._configuration.host}{path}"
        if query:
            url += f"?{urlencode({key: value for key, value in query.items() if value})}"
        if method != "GET":
            self._guard()
        try:
            response = self._rest.request(method, url, headers=headers, body=body, _request_timeout=_TIMEOUT)
            answer: bytes = response.read()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            metrics.API_REQUESTS.labels(method, "none").inc()
            raise ApiError(0, "NoAnswer", f"{method} {path}: {error}") from error
        metrics.API_REQUESTS.labels(method, str(response.status)).inc()
        if response.status >= 400:
            raise _error(response.status, answer)
        return answer


def _error(status: int, answer: bytes) -> ApiError:
    try:
        body = json.loads(answer)
        return ApiError(status, str(body.get("reason", "")), str(body.get("message", "")))
    except (ValueError, AttributeError):
        return ApiError(status, "", answer.decode(errors="replace")[:500])


def _path(kind: Kind, namespace: str | None, name: str | None = None) -> str:
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    steps: Iterator[str] = iter(
        (
            root,
            *(("namespaces", quote(namespace)) if namespace else ()),
            kind.plural,
            *((quote(name),) if name else ()),
        )
    )
    return "/".join(steps)
