"""What a load run found, and the summary of its latencies. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """One request or journey of a load run.

    Attributes:
        begin: when it was due, in seconds since the run began: waiting for a free connection counts as latency.
        seconds: how long it took from then.
        label: how it ended, such as an HTTP status; `ok` labels are the caller's business.
    """

    begin: float
    seconds: float
    label: str


@dataclass(frozen=True)
class Summary:
    """A load run in numbers.

    Attributes:
        offered: requests per second that were due; 0 where as many as possible were sent.
        achieved: successful ones per second.
        p50, p95, p99: milliseconds, of the successful ones.
        errors: number of the others by label.
        count: how many succeeded.
    """

    offered: float
    achieved: float
    p50: float
    p95: float
    p99: float
    errors: dict[str, int]
    count: int


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile of sorted values; NaN of none."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summarise(outcomes: Iterable[Outcome], offered: float, good: frozenset[str]) -> Summary:
    """Summarise a run.

    Args:
        outcomes: all requests or journeys.
        offered: the rate at which they were due, per second.
        good: the labels that count as success.
    """
    found = list(outcomes)
    fine = sorted(one.seconds for one in found if one.label in good)
    span = max((one.begin + one.seconds for one in found), default=0.0)
    return Summary(
        offered=offered,
        achieved=len(fine) / span if span else 0.0,
        p50=percentile(fine, 0.50) * 1000,
        p95=percentile(fine, 0.95) * 1000,
        p99=percentile(fine, 0.99) * 1000,
        errors=dict(Counter(one.label for one in found if one.label not in good)),
        count=len(fine),
    )
