"""The services by themselves, without a cluster: what a request costs them, beside plain references."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e import rabbitmq
from e2e.bench import cpu, database, gateway, journey, stack
from e2e.bench.latency import Summary
from e2e.bench.scenario import Scene, Urls, set_the_scene
from e2e.bench.stack import Stack
from e2e.bench.vegeta import Request, Vegeta
from e2e.cluster.bringup import Machine
from e2e.support.waiting import eventually

ROUNDS = 3
CONNECTIONS = 16


@dataclass(frozen=True)
class Plan:
    """How long is measured: `seconds` a round, in `rounds` rounds; checkouts and log-ins at rates per second."""

    seconds: int
    rounds: int
    checkout_rate: int
    login_rate: int
    gateway_rounds: int


WHOLE = Plan(seconds=5, rounds=ROUNDS, checkout_rate=20, login_rate=10, gateway_rounds=5000)
SHORT = Plan(seconds=2, rounds=1, checkout_rate=10, login_rate=5, gateway_rounds=500)


def measure(machine: Machine, postgres_image: str, rabbitmq_image: str, plan: Plan) -> dict[str, object]:
    """Run all cases and return the figures as they are written to the results file."""
    vegeta = Vegeta(machine.paths)
    note = machine.progress.step
    with (
        database.running(machine.docker, postgres_image) as server,
        rabbitmq.server(machine.docker, rabbitmq_image, machine.paths.root) as amqp,
        tempfile.TemporaryDirectory() as folder,
    ):
        with note("pgbench, TPC-B at scale 10"):
            tps = server.pgbench(plan.seconds)
        with stack.running(server.url, server.pid, Path(folder), amqp) as services:
            with note("Catalogue, stock and shoppers"):
                scene = set_the_scene(Urls(*(services.url(n) for n in ("users", "products", "inventory", "orders"))),
                                      stack.ADMIN)  # fmt: skip
            with note("Product reads beside the plain references"):
                reads = _reads(services, scene, vegeta, plan)
            with note("Search, log-in, checkout"):
                rest = {
                    "product search": _single(services, "products", scene.product_search(), vegeta, plan),
                    "login": _paced(services, "users", scene.login(), plan.login_rate, vegeta, plan),
                    "checkout": _checkout(services, scene, plan),
                }
    with note("What the gateway adds"):
        edge = gateway.measure(plan.gateway_rounds)
    return {"pgbench_tps": tps, **reads, **rest, "gateway": edge}


def _reads(services: Stack, scene: Scene, vegeta: Vegeta, plan: Plan) -> dict[str, object]:
    """Measure product reads and the two references in turn, round by round, so that all meet the same machine."""
    url = services.database_url("products")
    plain = [Request("GET", f"/products/{one}") for one in scene.products]
    with stack.reference("granian", url) as granian, stack.reference("gunicorn", url) as gunicorn:
        runners: dict[str, Callable[[], dict[str, float]]] = {
            "product read": lambda: _saturate(
                vegeta, services.url("products"), scene.product_read(), services.pid("products"), plan
            ),
            "plain Flask, granian": lambda: _saturate(vegeta, granian[0], plain, granian[1], plan),
            "plain Flask, gunicorn": lambda: _saturate(vegeta, gunicorn[0], plain, gunicorn[1], plan),
        }
        found: dict[str, list[dict[str, float]]] = {name: [] for name in runners}
        for _ in range(plan.rounds):
            for name, runner in runners.items():
                found[name].append(runner())
    before = services.statements()["products"]
    summary = vegeta.attack(services.url("products"), scene.product_read(), 50, 2)
    figures = {name: _median(rounds) for name, rounds in found.items()}
    figures["product read"]["statements"] = (services.statements()["products"] - before) / summary.count
    return dict(figures)


def _saturate(vegeta: Vegeta, url: str, requests: Sequence[Request], pid: int, plan: Plan) -> dict[str, float]:
    """Send as much as a few connections can, and one request at a time."""
    vegeta.attack(url, requests, 0, 1, CONNECTIONS)
    used = cpu.of_trees([pid])
    full = vegeta.attack(url, requests, 0, plan.seconds, CONNECTIONS)
    used = cpu.of_trees([pid]) - used
    alone = vegeta.attack(url, requests, 0, max(1, plan.seconds // 2), 1)
    return {**_figures(full), "cpu_ms": used / full.count * 1000, "p50_alone": alone.p50, "p99_alone": alone.p99}


def _single(services: Stack, name: str, requests: Sequence[Request], vegeta: Vegeta, plan: Plan) -> dict[str, float]:
    before = services.statements()[name]
    warm = vegeta.attack(services.url(name), requests, 20, 1)
    statements = (services.statements()[name] - before) / warm.count
    rounds = [_saturate(vegeta, services.url(name), requests, services.pid(name), plan) for _ in range(plan.rounds)]
    return {**_median(rounds), "statements": statements}


def _paced(
    services: Stack, name: str, requests: Sequence[Request], rate: int, vegeta: Vegeta, plan: Plan
) -> dict[str, float]:
    before, used = services.statements()[name], services.cpu()[name]
    summary = vegeta.attack(services.url(name), requests, rate, plan.seconds * plan.rounds)
    return {
        **_figures(summary),
        "cpu_ms": (services.cpu()[name] - used) / summary.count * 1000,
        "statements": (services.statements()[name] - before) / summary.count,
    }


def _checkout(services: Stack, scene: Scene, plan: Plan) -> dict[str, object]:
    journey.run(scene.checkout(0), plan.checkout_rate, 2)
    before, statements = services.cpu(), services.statements()
    summary = journey.run(scene.checkout(1), plan.checkout_rate, plan.seconds * plan.rounds)
    eventually(services.settled, "all events and mails have taken effect")
    used = {name: (now - before[name]) / summary.count * 1000 for name, now in services.cpu().items()}
    counted = {name: (now - statements[name]) / summary.count for name, now in services.statements().items()}
    return {
        **_figures(summary),
        "cpu_ms": sum(spent for name, spent in used.items() if name != "postgres"),
        "cpu_ms_by_part": used,
        "statements": sum(count for name, count in counted.items() if name not in stack.CONSUMERS),
        "statements_by_service": counted,
    }


def _figures(summary: Summary) -> dict[str, float]:
    return {
        "per_second": summary.achieved,
        "p50": summary.p50,
        "p95": summary.p95,
        "p99": summary.p99,
        "errors": float(sum(summary.errors.values())),
    }


def _median(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
