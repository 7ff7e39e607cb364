"""What the shop has to reach, held against what was measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BANK_OF_ANTHOS_READS = 503.0
"""Reads per second and core of the nearest peer: Bank of Anthos, contacts GET, its own gunicorn flags, 16 connections,
measured on a machine with two cores (EPYC)."""


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes:
        what: in words.
        goal: the bound.
        at_most: whether the bound is an upper one.
        found: what was measured; NaN where it was not.
    """

    what: str
    goal: float
    at_most: bool
    found: float

    @property
    def verdict(self) -> str:
        """`met`, `missed` or `not measured`."""
        if math.isnan(self.found):
            return "not measured"
        return "met" if (self.found <= self.goal if self.at_most else self.found >= self.goal) else "missed"


def judge(results: Mapping[str, Any]) -> list[Target]:
    """Return the targets for a results file as `python3 -m e2e.bench shop` writes it."""
    alone, shop = results.get("loopback", {}), results.get("cluster", {})
    reference = min(
        (_get(alone, name, "cpu_ms") for name in ("plain Flask, granian", "plain Flask, gunicorn")), default=math.nan
    )
    read = _get(alone, "product read", "cpu_ms")
    return [
        Target("product reads per CPU second, share of the faster plain reference", 0.6, False, reference / read),
        Target(
            "product reads per CPU second, multiple of Bank of Anthos", 4, False, 1000 / read / BANK_OF_ANTHOS_READS
        ),
        Target("log-in, ms of CPU", 45, True, _get(alone, "login", "cpu_ms")),
        Target("gateway with its token check, ms added to p50", 0.6, True, _get(alone, "gateway", "added_p50")),
        Target("order and payment, ms of CPU over all services", 15, True, _get(alone, "checkout", "cpu_ms")),
        Target("order and payment, SQL statements", 25, True, _get(alone, "checkout", "statements")),
        Target("paid orders per second, sustained by the whole shop", 60, False, _get(shop, "checkout", "sustained")),
        Target("checkout p99 in ms at half of that", 250, True, _get(shop, "checkout", "at_half", "p99")),
    ]


def _get(tree: Any, *path: str) -> float:
    for name in path:
        if not isinstance(tree, Mapping) or name not in tree:
            return math.nan
        tree = tree[name]
    return math.nan if tree is None else float(tree)
