"""Killing parts of a Shop, without any grace, one after the other."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from e2e.consistency.plan import Fault
from e2e.support.kubectl import Object
from e2e.support.shop import Shop
from e2e.support.waiting import eventually

PARTS = ("orders", "inventory", "payments", "rabbitmq", "postgres")
BACK_SECONDS = 180


@dataclass(frozen=True)
class Struck:
    """A blow that was dealt.

    Attributes:
        part: what was hit.
        how: in which way.
        at: seconds after the beginning of the campaign.
        back: seconds until all its pods were ready again.
    """

    part: str
    how: str
    at: float
    back: float


@dataclass
class Striker:
    """Deals blows in a thread of its own, until it is told to stop.

    Args:
        shop: what is hit.
        faults: the blows; when all are dealt it begins again.

    Attributes:
        struck: what was dealt so far.
        error: why it ended before it was told to.
    """

    shop: Shop
    faults: Sequence[Fault]
    struck: list[Struck] = field(default_factory=list)
    error: BaseException | None = None
    _over: threading.Event = field(default_factory=threading.Event)
    _started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="striker")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let the last blow be got over, and end. Raises what went wrong with the blows."""
        self._over.set()
        self._thread.join()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        number = 0
        try:
            while self.faults and not self._over.wait(self.faults[number % len(self.faults)].pause):
                self._strike(self.faults[number % len(self.faults)])
                number += 1
        except BaseException as error:  # noqa: BLE001 - raised again by stop()
            self.error = error

    def _strike(self, fault: Fault) -> None:
        at = time.monotonic()
        before = incarnations(self.shop, fault.part)
        how = strike(self.shop, fault)
        eventually(lambda: is_back(self.shop, fault.part, before), f"{fault.part} is back", BACK_SECONDS)
        self.struck.append(Struck(fault.part, how, round(at - self._started, 1), round(time.monotonic() - at, 1)))


def present(shop: Shop) -> list[str]:
    """Return which of the parts this Shop has."""
    return [part for part in PARTS if pods(shop, part)]


def pods(shop: Shop, part: str) -> list[Object]:
    """Return the pods of a part."""
    selector = f"app.kubernetes.io/instance={shop.name},app.kubernetes.io/name={part}"
    found = shop.kubectl.list("pods", selector)
    return [pod for pod in found if pod["metadata"]["labels"].get("app.kubernetes.io/component") != "migration"]


def strike(shop: Shop, fault: Fault) -> str:
    """Deal one blow to the first pod of a part; return how it was done."""
    pod = pods(shop, fault.part)[0]
    if fault.how == "kill" and kill(pod):
        return "kill"
    shop.kubectl("delete", "pod", pod["metadata"]["name"], "--force", "--grace-period=0", "--wait=false")
    return "delete"


def kill(pod: Object) -> bool:
    """Send SIGKILL to the first process of a pod's container, from its node: from within it would be ignored.

    Returns:
        Whether that was possible: the node is a container of this machine (kind), and the container runs.
    """
    found = [status.get("containerID", "") for status in pod["status"].get("containerStatuses", [])]
    container = next((each.removeprefix("containerd://") for each in found if each), "")
    inside = ("ctr", "--namespace", "k8s.io", "tasks", "kill", "--signal", "SIGKILL", container)
    done = subprocess.run(["docker", "exec", pod["spec"]["nodeName"], *inside], capture_output=True, check=False)
    return done.returncode == 0


def incarnations(shop: Shop, part: str) -> set[tuple[str, int]]:
    """Return what tells the running containers of a part from those before and after them."""
    return {
        (pod["metadata"]["uid"], status["restartCount"])
        for pod in pods(shop, part)
        for status in pod["status"].get("containerStatuses", [])
    }


def is_back(shop: Shop, part: str, before: set[tuple[str, int]]) -> bool:
    """Tell whether a part has other containers than before, and all of its pods are ready."""
    found = pods(shop, part)
    ready = [
        condition["status"]
        for pod in found
        for condition in pod["status"].get("conditions", [])
        if condition["type"] == "Ready"
    ]
    return incarnations(shop, part) != before and len(ready) == len(found) > 0 and set(ready) == {"True"}
