"""The pods of Shops that are not ready: listed on demand, so that a shop at rest costs nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from shopkeeper_operator import naming
from shopkeeper_operator.apply.client import Api, ApiError
from shopkeeper_operator.apply.events import EVENT
from shopkeeper_operator.kinds import Key, Kind
from shopkeeper_operator.plan import stuck
from shopkeeper_operator.plan.health import time_of
from shopkeeper_operator.snapshot import Complaint, ShopObject

POD: Final = Kind("Pod", "", "v1", "pods")

#: So long a Shop may be on its way before somebody asks what keeps it.
PATIENCE: Final = timedelta(seconds=10)
#: How long an answer counts.
FRESH: Final = timedelta(seconds=10)
_MOUNT: Final = "FailedMount"
_REASONS: Final = ("FailedCreate", _MOUNT)
_LOG_LINES: Final = 5
#: Most crashed pods whose logs are read: one tells what is wrong with its like.
_LOGS: Final = 4


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen: pods, Events that complain, and the last lines of crashed containers by pod."""

    pods: tuple[Mapping[str, Any], ...] = ()
    complaints: tuple[Complaint, ...] = ()
    logs: Mapping[str, str] = field(default_factory=dict)


class Pods:
    """Looks at the pods of a Shop. What it remembers only saves questions."""

    def __init__(self, api: Api, now: Callable[[], datetime]) -> None:
        self._api = api
        self._now = now
        self._seen: dict[Key, tuple[datetime, Look]] = {}
        self._logs: dict[Key, dict[tuple[str, int], str]] = {}

    def look(self, shop: ShopObject) -> Look:
        """Return what is to be seen of a Shop that has not been ready for a while; nothing of any other.

        Raises:
            ApiError: pods or Events could not be listed.
        """
        known = shop.condition("Ready")
        since = time_of(known.get("lastTransitionTime"), self._now())
        if known.get("status") != "False" or self._now() - since < PATIENCE:
            self.forget(shop.key)
            return Look()
        at, seen = self._seen.get(shop.key, (None, Look()))
        if at is None or self._now() - at >= FRESH:
            seen = self._ask(shop)
            self._seen[shop.key] = (self._now(), seen)
        return seen

    def forget(self, key: Key) -> None:
        """Keep nothing of a Shop."""
        self._seen.pop(key, None)
        self._logs.pop(key, None)

    def _ask(self, shop: ShopObject) -> Look:
        selector = f"{naming.SELECTOR},{naming.INSTANCE_LABEL}={shop.name}"
        pods = tuple(self._api.list_all(POD, shop.key.namespace, selector)[0])
        pending = {pod["metadata"]["name"] for pod in pods if (pod.get("status") or {}).get("phase") == "Pending"}
        complaints = [
            _complaint(event)
            for reason in _REASONS
            for event in sorted(self._events(shop, reason), key=_moment, reverse=True)
            if reason != _MOUNT or event["regarding"].get("name") in pending
        ]
        return Look(pods, tuple(complaints), self._crash_logs(shop.key, pods))

    def _events(self, shop: ShopObject, reason: str) -> list[dict[str, Any]]:
        found, _ = self._api.list_all(EVENT, shop.key.namespace, "", fields=f"reason={reason}")
        return [event for event in found if str(event["regarding"].get("name", "")).startswith(f"{shop.name}-")]

    def _crash_logs(self, key: Key, pods: tuple[Mapping[str, Any], ...]) -> dict[str, str]:
        """Return the last lines of crashed containers, read once per crash."""
        before, now = self._logs.get(key, {}), {}
        made: dict[str, str] = {}
        for pod in pods:
            found = stuck.crashed(pod)
            if found is None or len(made) == _LOGS:
                continue
            container, count = found
            name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
            text = before.get((uid, count)) or self._log(key.namespace, name, container)
            now[uid, count] = made[name] = text
        self._logs[key] = now
        return made

    def _log(self, namespace: str, pod: str, container: str) -> str:
        try:
            return self._api.log(namespace, pod, _LOG_LINES, container=container, previous=True)
        except ApiError:
            return ""  # the container is gone, or has never written: the exit code has to do


def _moment(event: Mapping[str, Any]) -> str:
    """Return when an Event was seen last; the time stands in one of three fields, by who has written it."""
    series = (event.get("series") or {}).get("lastObservedTime")
    return str(series or event.get("deprecatedLastTimestamp") or event.get("eventTime") or "")


def _complaint(event: Mapping[str, Any]) -> Complaint:
    """Return an Event as a complaint, without the names of pods that never came to be: each try has another one."""
    _, forbidden, why = str(event.get("note", "")).partition("is forbidden: ")
    return Complaint(str(event["regarding"]["name"]), str(event["reason"]), why if forbidden else str(event["note"]))
