"""A cluster in memory with the operator in it: fake API, Kubernetes' controllers, database servers and a clock."""

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from shopkeeper_operator import kinds, naming
from shopkeeper_operator.apply.client import ApiError
from shopkeeper_operator.apply.executor import DatabaseTools, Executor
from shopkeeper_operator.kinds import Key, Ref
from shopkeeper_operator.observe.cache import Cache
from shopkeeper_operator.observe.observer import Observer
from shopkeeper_operator.observe.pods import Pods
from shopkeeper_operator.observe.references import References
from shopkeeper_operator.reconciler import Outcome, Reconciler
from shopkeeper_operator.snapshot import Environment

from . import charts
from .fake_api import NOW, FakeApi
from .ownership import Object
from .servers import FakeServers

NAMESPACE = "shops"


class World:
    """What a test drives: it writes as a person does, and lets operator and cluster get on until all is quiet."""

    def __init__(self, before: "World | None" = None) -> None:
        """Make an empty world, or a copy of another one in which the operator has just been started."""
        self.api: FakeApi = before.api.copy() if before else FakeApi()
        self.servers: FakeServers = copy.deepcopy(before.servers) if before else FakeServers()
        self.now: datetime = before.now if before else datetime(2026, 1, 1, tzinfo=UTC)
        self.broken_images: set[str] = set()
        self.failing_jobs: set[str] = set()
        self.failing_parts: set[str] = set()
        self.start()

    def start(self) -> None:
        """Start the operator's process, which knows nothing but what it lists."""
        self.cache = Cache()
        self.references = References(self.cache, self.api)
        observer = Observer(
            self.cache,
            self.api,
            Environment("1.0.0", "", "system"),
            self.servers.observe,
            references=self.references,
            pods=Pods(self.api, lambda: self.now),
            clock=self._seconds,
        )
        tools = DatabaseTools(self.servers.provision, self.servers.drop)
        self.reconciler = Reconciler(
            cache=self.cache,
            api=self.api,
            observer=observer,
            executor=Executor(self.api, self.cache, tools, observer.invalidate),
            render=charts.render,
            now=lambda: self.now,
        )
        self.relist()
        self.api.watchers = [self._take]

    def relist(self) -> None:
        """List everything, as a resync does."""
        bodies, version = self.api.list_all(kinds.SHOP, None, "")
        self.cache.replace_shops(bodies, version, set())
        for kind in kinds.OWNED:
            bodies, version = self.api.list_all(kind, None, naming.SELECTOR)
            self.cache.replace_kind(kind, bodies, version, set())

    def _take(self, event: str, kind: str, body: Object) -> None:
        key = Key(body["metadata"]["namespace"], body["metadata"]["name"])
        ref = Ref(kind, *key)
        ours = (body["metadata"].get("labels") or {}).get(naming.MANAGED_BY_LABEL) == naming.MANAGED_BY
        if kind == naming.KIND and event == "DELETED":
            self.cache.drop_shop(key, body["metadata"]["uid"])
        elif kind == naming.KIND:
            self.cache.put_shop(body)
        elif kind in kinds.BY_NAME and event == "DELETED":
            self.cache.drop(ref, int(body["metadata"]["resourceVersion"]))
        elif kind in kinds.BY_NAME and ours:
            self.cache.put(kinds.BY_NAME[kind], body)

    def _seconds(self) -> float:
        return self.now.timestamp()

    def apply(self, name: str = "demo", **spec: Any) -> Ref:
        """Create or change a Shop, with the defaults that the API server fills in."""
        ref = Ref(naming.KIND, NAMESPACE, name)
        if ref in self.api.objects:
            self.api.edit(ref, lambda shop: shop.__setitem__("spec", spec), manager="kubectl")
        else:
            body = {
                "apiVersion": naming.API_VERSION,
                "kind": naming.KIND,
                "metadata": {"name": name, "namespace": NAMESPACE},
                "spec": spec,
            }
            self.api.create(kinds.SHOP, NAMESPACE, body)
            self.api.writes.clear()
        return ref

    def delete(self, name: str = "demo") -> None:
        """Delete a Shop, as kubectl does."""
        self.api.remove(Ref(naming.KIND, NAMESPACE, name))

    def reconcile(self, name: str = "demo") -> Outcome:
        """Reconcile one Shop once; what a worker would retry asks for a retry."""
        try:
            return self.reconciler.reconcile(Key(NAMESPACE, name))
        except ApiError:
            return Outcome(retry=True)

    def run(self, rounds: int = 40) -> None:
        """Let operator and cluster get on until nothing changes any more."""
        patience = 5
        for _ in range(rounds):
            before = len(self.api.writes)
            outcomes = [self.reconcile(ref.name) for ref in self.api.objects.copy() if ref.kind == naming.KIND]
            busy = self.tick()
            self.now += timedelta(seconds=1)
            patience -= any(outcome.retry for outcome in outcomes)
            at_rest = patience == 0 or not any(outcome.retry for outcome in outcomes)
            if at_rest and not busy and len(self.api.writes) == before:
                return

    def tick(self) -> bool:
        """Do what the controllers of Kubernetes do, and tell whether there was anything."""
        worked = self.api.settle()
        for ref, body in list(self.api.objects.items()):
            act = _CONTROLLERS.get(ref.kind)
            if act is not None:
                worked = act(self, ref, body) or worked
        return worked

    def set_status(self, ref: Ref, status: Mapping[str, Any]) -> bool:
        """Write the status of an object where it is another one."""
        if self.api.objects[ref].get("status") == status:
            return False
        self.api.edit(ref, lambda body: body.__setitem__("status", dict(status)), manager="controller")
        return True

    def shop(self, name: str = "demo") -> Object:
        """Return a Shop."""
        return self.api.objects[Ref(naming.KIND, NAMESPACE, name)]

    def condition(self, kind: str, name: str = "demo") -> Object:
        """Return a condition of a Shop."""
        conditions: list[Object] = self.shop(name)["status"]["conditions"]
        return next(found for found in conditions if found["type"] == kind)

    def children(self, name: str = "demo") -> dict[Ref, Object]:
        """Return what belongs to a Shop."""
        return {
            ref: body
            for ref, body in self.api.objects.items()
            if (body["metadata"].get("labels") or {}).get(naming.INSTANCE_LABEL) == name
        }

    def ref(self, kind: str, name: str) -> Ref:
        """Return the identity of an object in the namespace of the tests."""
        return Ref(kind, NAMESPACE, name)

    def events(self) -> list[tuple[str, str]]:
        """Return type and reason of every Event so far."""
        return [(body["type"], body["reason"]) for body in self.api.of("Event").values()]


def _deployment(world: World, ref: Ref, body: Object) -> bool:
    replicas = body["spec"]["replicas"]
    image = body["spec"]["template"]["spec"]["containers"][0]["image"]
    if image in world.broken_images:
        stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too late"}
        status = {
            "observedGeneration": body["metadata"]["generation"],
            "replicas": replicas + 1,
            "updatedReplicas": 1,
            "availableReplicas": replicas,
            "conditions": [stuck],
        }
        return world.set_status(ref, status)
    done = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    status = {
        "observedGeneration": body["metadata"]["generation"],
        "replicas": replicas,
        "updatedReplicas": replicas,
        "availableReplicas": replicas,
        "conditions": [done, {"type": "Available", "status": "True", "lastTransitionTime": NOW}],
    }
    return world.set_status(ref, status)


def _stateful_set(world: World, ref: Ref, body: Object) -> bool:
    replicas = body["spec"]["replicas"]
    worked = world.set_status(ref, {"readyReplicas": replicas})
    for template, ordinal in product(body["spec"]["volumeClaimTemplates"], range(replicas)):
        name = f"{template['metadata']['name']}-{ref.name}-{ordinal}"
        if world.ref("PersistentVolumeClaim", name) not in world.api.objects:
            labels = template["metadata"]["labels"]
            claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": template["spec"]}
            metadata = {"name": name, "labels": labels}
            world.api.create(kinds.CLAIM, ref.namespace, claim | {"metadata": metadata})
            world.api.writes.pop()
            worked = True
    return worked


def _job(world: World, ref: Ref, body: Object) -> bool:
    image = body["spec"]["template"]["spec"]["containers"][0]["image"]
    if image in world.failing_jobs or body["metadata"]["labels"][naming.NAME_LABEL] in world.failing_parts:
        return world.set_status(ref, {"failed": 1})
    return world.set_status(ref, {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]})


_CONTROLLERS: Mapping[str, Callable[[World, Ref, Object], bool]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "Job": _job,
}
