"""Every Deployment of a shop is restarted, one after the other, while shoppers who never try twice go on buying."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from e2e.consistency import striking
from e2e.consistency.stage import Stage
from e2e.consistency.wire import Answer, Line
from e2e.support.waiting import eventually

ROLLOUT_SECONDS = 180
# Between two requests of a shopper.
PAUSE_SECONDS = 0.2
# Constant load, not a rush: the gateway and the services may refuse a rush, restarts or not.
MOST_SHOPPERS = 8


@dataclass(frozen=True)
class Restarted:
    """A Deployment that was restarted.

    Attributes:
        name: the Deployment.
        seconds: until the new pods had taken over.
        requests: how many requests were sent meanwhile.
    """

    name: str
    seconds: float
    requests: int


@dataclass(frozen=True)
class Outcome:
    """What a run found.

    Attributes:
        requests: how many were sent in all.
        seconds: how long.
        failures: answers other than 2xx, by operation, status and kind.
        restarted: the Deployments.
    """

    requests: int
    seconds: float
    failures: dict[str, int]
    restarted: list[Restarted]


@dataclass
class Load:
    """Shoppers who look and buy, without retries, while the block runs.

    Args:
        stage: the shop.
        pages: whether they look at the web shop's pages too.

    Attributes:
        failures: answers other than 2xx, counted by operation, status and kind.
        requests: how many were sent.
    """

    stage: Stage
    pages: bool
    failures: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, args=(each,)) for each in self.stage.shoppers[:MOST_SHOPPERS]
        ]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, shopper: tuple[str, str]) -> None:
        line = Line(self.stage.url, shopper[1])
        while not self._over.is_set():
            self._visit(line)
        line.close()

    def _visit(self, line: Line) -> None:
        """Look at a product and its stock, as a page and by the API, buy it, look at the order."""
        product = self.stage.plenty
        if self.pages:
            self._send(line, "page", "GET", f"/p/{product}")
        self._send(line, "search", "GET", "/products?limit=5")
        self._send(line, "product", "GET", f"/products/{product}")
        self._send(line, "stock", "GET", f"/inventory/{product}")
        self._send(line, "account", "GET", "/users/me")
        lines = {"lines": [{"product_id": product, "quantity": 1}]}
        placed = self._send(line, "place", "POST", "/orders", lines)
        if placed.status == 201:
            path = f"/orders/{placed.body['id']}"
            self._send(line, "pay", "POST", f"{path}/pay", {"payment_method": "pm_card_approved"})
            self._send(line, "order", "GET", path)

    def _send(self, line: Line, operation: str, method: str, path: str, body: Any = None) -> Answer:
        answer = line.send(operation, method, path, body)
        with self._lock:
            self.requests += 1
            if not 200 <= answer.status < 300:
                self.failures[f"{operation}: {answer.status or 'no answer'} {answer.slug}"] += 1
        self._over.wait(PAUSE_SECONDS)
        return answer


def run(stage: Stage, say: Callable[[str], None], names: Sequence[str] = ()) -> Outcome:
    """Restart Deployments under load.

    Args:
        stage: the shop.
        say: told of the progress.
        names: the parts to restart; all that the shop has when empty.
    """
    present = deployments(stage)
    load = Load(stage, pages="storefront" in present)
    restarted: list[Restarted] = []
    started = time.monotonic()
    with load:
        for name in names or present:
            restarted.append(restart(stage, name, load))
            say(f"{name} restarted in {restarted[-1].seconds:.1f} s, {load.failures.total()} failures")
    seconds = time.monotonic() - started
    return Outcome(load.requests, round(seconds, 1), dict(load.failures.most_common()), restarted)


def deployments(stage: Stage) -> list[str]:
    """Return the Deployments of the shop, by their parts."""
    prefix = f"{stage.shop.name}-"
    return sorted(each["metadata"]["name"].removeprefix(prefix) for each in stage.shop.children("deployments"))


def restart(stage: Stage, part: str, load: Load) -> Restarted:
    """Restart one Deployment as a person does it, and wait until it is done."""
    started, before = time.monotonic(), load.requests
    target = f"deployment/{stage.shop.name}-{part}"
    stage.shop.kubectl("rollout", "restart", target)
    stage.shop.kubectl("rollout", "status", target, f"--timeout={ROLLOUT_SECONDS}s", timeout=ROLLOUT_SECONDS + 10)
    eventually(lambda: not leaving(stage, part), f"the old pods of {part} are gone", ROLLOUT_SECONDS)
    return Restarted(part, round(time.monotonic() - started, 1), load.requests - before)


def leaving(stage: Stage, part: str) -> list[str]:
    """Return the pods of a part that still finish what they have begun."""
    found = striking.pods(stage.shop, part)
    return [pod["metadata"]["name"] for pod in found if "deletionTimestamp" in pod["metadata"]]
