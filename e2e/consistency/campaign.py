"""One campaign: load and blows, then peace, then the books."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from e2e.consistency import books, plan
from e2e.consistency.books import Books
from e2e.consistency.buying import Crowd, Outcome
from e2e.consistency.effects import violations
from e2e.consistency.invariants import Violation
from e2e.consistency.plan import Checkout
from e2e.consistency.stage import Stage
from e2e.consistency.striking import Striker, Struck

# The promise: every order is final so soon after the last blow (or the last request, if that is later).
FINAL_SECONDS = 60.0
# Events may wait for a broker and for another try, 5, 30 and 300 seconds later.
EVENTS_SECONDS = 420.0
_POLL_SECONDS = 1.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """What a campaign found.

    Attributes:
        checkouts: how many purchases were begun.
        seconds: how long the shoppers bought.
        told: how many were told what.
        states: how many orders are in which state.
        requests: how many were sent.
        errors: what shoppers had to call an error, by kind.
        struck: the blows.
        final_after: seconds from the last blow or request until all orders were final.
        events_after: seconds from then until everything else was settled.
        violations: what is wrong; empty if the shop has kept its promises.
        latency: seconds of the checkouts: median, 95th and 99th of a hundred, longest.
    """

    checkouts: int
    seconds: float
    told: dict[str, int]
    states: dict[str, int]
    requests: int
    errors: dict[str, int]
    struck: list[Struck]
    final_after: float
    events_after: float
    violations: list[Violation] = field(default_factory=list)
    latency: dict[str, float] = field(default_factory=dict)


def run(stage: Stage, checkouts: Sequence[Checkout], faults: Sequence[plan.Fault], say: Say) -> Result:
    """Let the shoppers buy while parts are killed, wait for peace, and check.

    Args:
        stage: the shop.
        checkouts: what the shoppers do.
        faults: what is killed, again and again, while they do.
        say: told of the progress.
    """
    crowd = Crowd(stage.url, stage.shoppers, stage.products, prefix="campaign")
    striker = Striker(stage.shop, faults)
    started = time.monotonic()
    striker.start()
    try:
        crowd.buy(checkouts)
    finally:
        seconds = time.monotonic() - started
        say(f"{len(crowd.outcomes)} checkouts in {seconds:.0f} s, {crowd.requests} requests")
        striker.stop()
    say(f"{len(striker.struck)} blows: " + ", ".join(f"{each.part} ({each.how})" for each in striker.struck))
    final_after = wait_final(stage)
    say(f"all orders final after {final_after:.1f} s")
    found, events_after, read = settle(stage, crowd.outcomes)
    say(f"settled after {events_after:.1f} s, {len(found)} violations")
    if final_after > FINAL_SECONDS:
        found = [*found, Violation("orders are final within a minute", "all", f"took {final_after:.1f} s")]
    return Result(
        checkouts=len(crowd.outcomes),
        seconds=round(seconds, 1),
        told=dict(Counter(each.told for each in crowd.outcomes).most_common()),
        states=dict(Counter(order["state"] for order in read.orders).most_common()),
        requests=crowd.requests,
        errors=dict(crowd.errors.most_common()),
        struck=striker.struck,
        final_after=round(final_after, 1),
        events_after=round(events_after, 1),
        violations=found,
        latency=_latency(crowd.outcomes),
    )


def wait_final(stage: Stage) -> float:
    """Wait until all orders are final, at most twice the time that is promised; return how long it took."""
    started = time.monotonic()
    while books.unfinished(stage.shop) and time.monotonic() - started < 2 * FINAL_SECONDS:
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - started


def settle(stage: Stage, outcomes: Sequence[Outcome]) -> tuple[list[Violation], float, Books]:
    """Read the books until nothing is wrong with them any more or no event can be under way; return what is.

    Only what events bring about may still come: of anything else a second look changes nothing.
    """
    started = time.monotonic()
    while True:
        read = books.read(stage.shop, stage.initial, stage.users)
        found = violations(read, outcomes)
        waited = time.monotonic() - started
        late = [each for each in found if each.rule.startswith(("events", "outboxes"))]
        if not found or len(late) < len(found) or waited > EVENTS_SECONDS:
            return found, waited, read
        time.sleep(_POLL_SECONDS)


def _latency(outcomes: Sequence[Outcome]) -> dict[str, float]:
    ordered = sorted(each.seconds for each in outcomes)
    if not ordered:
        return {}
    marks = {"p50": 0.50, "p95": 0.95, "p99": 0.99, "longest": 1.0}
    return {name: ordered[min(len(ordered) - 1, int(len(ordered) * mark))] for name, mark in marks.items()}
