"""Summaries, targets and pages of benchmark results."""

import math
from typing import Any

import pytest

from e2e.bench import report
from e2e.bench.latency import Outcome, Summary, percentile, summarise
from e2e.bench.on_cluster import sustains
from e2e.bench.targets import judge
from e2e.bench.vegeta import outcomes


def test_percentiles_are_values_that_occurred() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50, 95, 99, 100]
    assert percentile([7.0], 0.99) == 7
    assert math.isnan(percentile([], 0.5))


def test_a_summary_counts_errors_by_label_and_times_only_what_succeeded() -> None:
    found = [Outcome(0.0, 0.010, "ok"), Outcome(0.5, 0.030, "ok"), Outcome(0.9, 0.1, "pay 503")]
    summary = summarise(found, 3.0, frozenset(("ok",)))
    assert summary == Summary(3.0, 2.0, 10.0, 30.0, 30.0, {"pay 503": 1}, 2)


def test_vegeta_rows_are_read_in_seconds_from_the_first() -> None:
    text = "1700000000000000000,200,1500000,0,10,,,,0,,\n1700000000250000000,503,3000000,0,10,,,,1,,\n"
    assert outcomes(text) == [Outcome(0.0, 0.0015, "200"), Outcome(0.25, 0.003, "503")]


@pytest.mark.parametrize(
    ("achieved", "p99", "errors", "verdict"),
    [
        (60.0, 200.0, {}, True),
        (60.0, 200.0, {"pay 503": 1}, False),
        (40.0, 1500.0, {}, False),
        (59.9, 1001.0, {}, False),
    ],
)
def test_a_rate_is_sustained_without_errors_and_without_a_growing_queue(
    achieved: float, p99: float, errors: dict[str, int], verdict: bool
) -> None:
    assert sustains(Summary(60.0, achieved, 100.0, 150.0, p99, errors, 600)) is verdict


RESULTS: dict[str, Any] = {
    "machine": {
        "cpu": "Model 1", "cores": 2, "memory_mib": 24000, "kernel": "6.1", "python": "3.11.2", "load_before": 0.1,
    },
    "loopback": {
        "pgbench_tps": 1500.0,
        "product read": {"per_second": 2000.0, "cpu_ms": 0.3, "statements": 1.0, "errors": 0.0},
        "plain Flask, granian": {"per_second": 2400.0, "cpu_ms": 0.24, "errors": 0.0},
        "plain Flask, gunicorn": {"per_second": 1400.0, "cpu_ms": 0.5, "errors": 0.0},
        "login": {"per_second": 10.0, "cpu_ms": 50.0, "errors": 0.0},
        "checkout": {"cpu_ms": 12.0, "cpu_ms_by_part": {"orders": 8.0}, "statements": 20.0, "errors": 0.0},
        "gateway": {"direct": {"p50": 0.1, "p99": 0.2}, "token checked": {"p50": 0.4, "p99": 0.8}, "added_p50": 0.3},
    },
}  # fmt: skip


def test_targets_are_met_missed_or_not_measured() -> None:
    targets = judge(RESULTS)
    assert [one.found for one in targets[:3]] == pytest.approx([0.8, 1000 / 0.3 / 503, 50.0])
    verdicts = [one.verdict for one in targets]
    assert verdicts == ["met", "met", "missed", "met", "met", "met", "not measured", "not measured"]


def test_the_page_states_machine_targets_and_rows() -> None:
    text = report.page(RESULTS)
    assert "2 cores of Model 1, 24000 MiB" in text
    assert "| log-in, ms of CPU | ≤ 45 | 50 | missed |" in text
    assert "p50 in ms: direct 0.1, token checked 0.4." in text
    assert "| product read | 2000 | - | - | - | - | 0.3 | 1 | 0 |" in text
