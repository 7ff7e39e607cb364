"""What a person reads, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from e2e.bench import machine
from e2e.consistency import rolling
from e2e.consistency.campaign import Result

_MOST_VIOLATIONS = 20


def table(result: Result) -> str:
    """Return the result as lines of text."""
    latency = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in result.latency.items())
    lines = [
        f"checkouts            {result.checkouts} in {result.seconds:.0f} s ({latency})",
        f"told                 {_counts(result.told)}",
        f"orders               {_counts(result.states)}",
        f"blows                {len(result.struck)}",
        *(f"  {each.at:7.1f} s  {each.how:6} {each.part:10} back after {each.back:.1f} s" for each in result.struck),
        f"all orders final     {result.final_after:.1f} s after the last blow or request",
        f"everything settled   {result.events_after:.1f} s after that",
        f"requests             {result.requests}, of which errors {sum(result.errors.values())}",
        *(f"  {number:6}  {kind}" for kind, number in result.errors.items()),
        f"violations           {len(result.violations)}",
        *(f"  {each.rule}: {each.subject}: {each.detail}" for each in result.violations[:_MOST_VIOLATIONS]),
    ]
    return "\n".join(lines)


def rolling_table(outcome: rolling.Outcome) -> str:
    """Return what became of the restarts as lines of text."""
    lines = [
        *(f"{each.name:20} {each.seconds:6.1f} s  {each.requests:5} requests" for each in outcome.restarted),
        f"requests             {outcome.requests} in {outcome.seconds:.0f} s",
        f"failed               {sum(outcome.failures.values())}",
        *(f"  {number:6}  {kind}" for kind, number in outcome.failures.items()),
    ]
    return "\n".join(lines)


def write(path: Path, options: Mapping[str, object], result: Result | rolling.Outcome) -> None:
    """Write the results file: options (the seed among them), machine and all figures."""
    document = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe().as_dict(),
        "options": dict(options),
        "result": asdict(result),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.items())
