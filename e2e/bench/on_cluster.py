"""The whole shop on the cluster, through its gateway, at fixed rates."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from e2e.bench import cpu, journey
from e2e.bench.latency import Summary
from e2e.bench.scenario import Urls, set_the_scene
from e2e.bench.vegeta import Vegeta
from e2e.cluster.bringup import Machine
from e2e.support import namespaces
from e2e.support.kubectl import Kubectl
from e2e.support.shop import Shop

# No client of a benchmark is to be turned away: what the limits cost is measured, not what they refuse.
UNLIMITED = 1_000_000
SUSTAINED_SHARE = 0.97
SUSTAINED_P99_MS = 1000.0

Load = Callable[[int, int], Summary]
"""Runs a load at a rate (per second) for some seconds."""


@dataclass(frozen=True)
class Ladder:
    """The rates that one kind of load is run at, and for how many seconds each."""

    rates: Sequence[int]
    seconds: int


WHOLE = {
    "product read": Ladder((100, 200, 400, 800, 1200), 10),
    "product search": Ladder((100, 200, 400, 600), 10),
    "login": Ladder((5, 10, 20, 30), 10),
    "checkout": Ladder((10, 20, 30, 40, 50, 60, 70, 80), 15),
}
SHORT = {name: Ladder(ladder.rates[:1], 3) for name, ladder in WHOLE.items()}


def measure(machine: Machine, ladders: dict[str, Ladder]) -> dict[str, object]:
    """Make a Shop in a namespace of its own, load it, remove it; return the figures for the results file."""
    with _shop() as (shop, url), machine.progress.step("Catalogue, stock and shoppers") as step:
        scene = set_the_scene(Urls(url, url, url, url), shop.secret("admin"))
        vegeta = Vegeta(machine.paths)
        loads: dict[str, Load] = {
            "product read": lambda rate, seconds: vegeta.attack(url, scene.product_read(), rate, seconds),
            "product search": lambda rate, seconds: vegeta.attack(url, scene.product_search(), rate, seconds),
            "login": lambda rate, seconds: vegeta.attack(url, scene.login(), rate, seconds),
            "checkout": lambda rate, seconds: journey.run(scene.checkout(rate), rate, seconds),
        }
        found: dict[str, object] = {}
        for name, load in loads.items():
            step.update(name)
            found[name] = _climb(shop, load, ladders[name])
        return found


def _climb(shop: Shop, load: Load, ladder: Ladder) -> dict[str, object]:
    """Run a load at each rate up to the first that the shop does not sustain, then at half of what it does."""
    load(ladder.rates[0], 2)
    steps: list[dict[str, object]] = []
    sustained = 0
    for rate in ladder.rates:
        summary, step = _step(shop, load, rate, ladder.seconds)
        steps.append(step)
        if not sustains(summary):
            break
        sustained = rate
    half = _step(shop, load, sustained // 2, ladder.seconds)[1] if sustained > 1 else None
    return {"steps": steps, "sustained": sustained, "at_half": half}


def sustains(summary: Summary) -> bool:
    """Tell whether all requests of a run succeeded, at the rate that was offered, without a queue that grows."""
    kept_up = summary.achieved >= SUSTAINED_SHARE * summary.offered or summary.p99 < SUSTAINED_P99_MS
    return not summary.errors and kept_up and summary.p99 < SUSTAINED_P99_MS


def _step(shop: Shop, load: Load, rate: int, seconds: int) -> tuple[Summary, dict[str, object]]:
    pods = {pod["metadata"]["uid"]: pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in shop.children("pod")}
    before, began = cpu.of_pods(pods), time.perf_counter()
    summary = load(rate, seconds)
    elapsed = time.perf_counter() - began
    spent: dict[str, float] = {}
    for uid, now in cpu.of_pods(pods).items():
        spent[pods[uid]] = spent.get(pods[uid], 0.0) + now - before[uid]
    by_part = {name: seconds_used / summary.count * 1000 for name, seconds_used in spent.items() if summary.count}
    return summary, {**asdict(summary), "cpu_ms_by_part": by_part, "cores": sum(spent.values()) / elapsed}


@contextmanager
def _shop() -> Iterator[tuple[Shop, str]]:
    cluster = Kubectl()
    within = namespaces.create(cluster, "bench")
    try:
        shop = Shop("bench", within)
        shop.apply(gateway={"service": {"type": "NodePort"}, "rateLimit": {"requestsPerMinute": UNLIMITED}})
        shop.wait_ready()
        yield shop, shop.node_url()
    finally:
        cluster("delete", "namespace", within.namespace, "--wait=false")
