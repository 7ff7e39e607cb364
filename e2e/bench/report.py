"""Results as a page and as plots, made from the results file and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from e2e.bench.targets import judge

Row = Sequence[object]


def page(results: Mapping[str, Any]) -> str:
    """Return the Markdown page of a run of `shop`."""
    machine = results["machine"]
    parts = [
        "# Benchmark of the shop",
        "Made by `make bench-shop` from [shop.json](shop.json).",
        (
            f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_mib']} MiB, kernel {machine['kernel']}, "
            f"Python {machine['python']}; load average before the run {machine['load_before']}."
        ),
        "## Targets",
        table(
            ("target", "goal", "measured", ""),
            [
                (one.what, f"{'≤' if one.at_most else '≥'} {one.goal:g}", _number(one.found), one.verdict)
                for one in judge(results)
            ],
        ),
    ]
    if "loopback" in results:
        parts += ["## Without a cluster: services as processes on loopback", _loopback(results["loopback"])]
    if "cluster" in results:
        parts += ["## The whole shop, through the gateway", "![throughput and latency](shop.svg)"]
        parts += [_ladder(name, load) for name, load in results["cluster"].items()]
    return "\n\n".join(parts) + "\n"


def _loopback(found: Mapping[str, Any]) -> str:
    rows = [
        (name, *(_number(one.get(column)) for column in COLUMNS))
        for name, one in found.items()
        if isinstance(one, Mapping) and "cpu_ms" in one
    ]
    heading = ("", "per second", "p50 ms", "p95 ms", "p99 ms", "p50 ms alone", "CPU ms", "SQL statements", "errors")
    checkout = found["checkout"]
    parts = ", ".join(f"{name} {_number(value)}" for name, value in checkout["cpu_ms_by_part"].items())
    return "\n\n".join([
        table(heading, rows),
        ("Reads and searches are sent by 16 connections as fast as they are answered (`alone`: by one); log-ins and "
        "checkouts at a fixed rate. CPU is that of the service's processes, per request."),
        f"CPU of a checkout by part, in ms: {parts}.",
        _gateway(found["gateway"]),
        f"pgbench (TPC-B, scale 10, 4 clients) on the same PostgreSQL: {found['pgbench_tps']:.0f} transactions/s.",
    ])  # fmt: skip


def _gateway(found: Mapping[str, Any]) -> str:
    ways = ", ".join(f"{name} {_number(one['p50'])}" for name, one in found.items() if isinstance(one, Mapping))
    return f"One request at a time to a service that answers at once, p50 in ms: {ways}."


COLUMNS = ("per_second", "p50", "p95", "p99", "p50_alone", "cpu_ms", "statements", "errors")


def _ladder(name: str, load: Mapping[str, Any]) -> str:
    steps = [*load["steps"], *([load["at_half"]] if load["at_half"] else [])]
    rows = [
        (
            one["offered"],
            _number(one["achieved"]),
            *(_number(one[key]) for key in ("p50", "p95", "p99")),
            _number(sum(one["cpu_ms_by_part"].values())),
            _number(one["cores"]),
            ", ".join(f"{label}: {count}" for label, count in one["errors"].items()) or "0",
        )
        for one in steps
    ]
    heading = ("offered/s", "achieved/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms of all pods", "cores busy", "errors")
    return f"### {name}\n\nSustained: {load['sustained']}/s; the last line is half of that.\n\n{table(heading, rows)}"


def table(heading: Row, rows: Iterable[Row]) -> str:
    """Return a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def plot(results: Mapping[str, Any], file: Path) -> None:
    """Draw latency over rate, for each kind of load on the cluster."""
    # The same results give the same file.
    matplotlib.rcParams["svg.hashsalt"] = "shop"
    loads = results["cluster"]
    figure = Figure(figsize=(4 * len(loads), 3.4), layout="constrained")
    axes = figure.subplots(1, len(loads), squeeze=False)[0]
    for axis, (name, load) in zip(axes, loads.items(), strict=True):
        rates = [step["offered"] for step in load["steps"]]
        for share in ("p50", "p95", "p99"):
            axis.plot(rates, [step[share] for step in load["steps"]], marker="o", label=share)
        axis.set(title=name, xlabel="requests/s" if name != "checkout" else "checkouts/s", ylabel="ms", yscale="log")
        axis.grid(visible=True, alpha=0.3)
        axis.legend()
    figure.savefig(file, format="svg", metadata={"Date": None})
