"""The guard of all calls to one other service: lets attempts through or refuses them, and shows what it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from shopkit.metrics import Metrics
from shopkit.resilience import (
    Breaker,
    BreakerOpen,
    Bulkhead,
    BulkheadFull,
    Protection,
    RetryBudget,
    State,
    whole_seconds,
)

_log = structlog.get_logger(__name__)


class Failure(Exception):
    """An attempt that failed.

    Args:
        detail: what went wrong.
        status: 503 or 504, for our own caller.
        maybe_done: whether it may have taken effect all the same.
        transient: whether trying again may help.
        well: what it says about the service, see `Breaker.settle`.
        retry_after: seconds after which our own caller should try again.
    """

    def __init__(
        self,
        detail: str,
        status: int,
        *,
        maybe_done: bool,
        transient: bool = True,
        well: bool | None = False,
        retry_after: int = 1,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.maybe_done = maybe_done
        self.transient = transient
        self.well = well
        self.retry_after = retry_after


class Guard:
    """Breaker, bulkhead and retry budget of one other service.

    Args:
        name: of the service.
        metrics: where it shows its state and what it refuses.
        protection: how it guards.
        clock: monotonic clock.
    """

    def __init__(
        self, name: str, metrics: Metrics, protection: Protection, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._metrics = metrics
        self._breaker = Breaker(protection.failures, protection.open_seconds, self._changed, clock)
        self._bulkhead = Bulkhead(protection.concurrency)
        self._budget = RetryBudget(clock=clock)
        metrics.show_breaker(name, State.CLOSED)

    def count_call(self) -> None:
        """Count a call, of which a share may be repeated."""
        self._budget.call()

    def may_repeat(self) -> bool:
        """Take a repetition out of the budget; tell whether there was one."""
        if self._budget.spend():
            return True
        self._metrics.count_refusal(self._name, "retry-budget")
        return False

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Make one attempt in the block.

        Raises:
            Failure: the attempt is not made: the breaker is open, or too many are under way.
        """
        try:
            ticket = self._breaker.admit()
        except BreakerOpen as refusal:
            seconds = whole_seconds(refusal.seconds)
            detail = f"{self._name} failed too often; it is asked again in {seconds} s."
            raise self._refused("breaker", detail, seconds) from refusal
        well: bool | None = None
        try:
            with self._bulkhead.entered():
                yield
            well = True
        except BulkheadFull as refusal:
            raise self._refused("bulkhead", f"Too many calls to {self._name} are under way.", 1) from refusal
        except Failure as failure:
            well = failure.well
            raise
        finally:
            self._breaker.settle(ticket, well)

    def _refused(self, reason: str, detail: str, seconds: int) -> Failure:
        self._metrics.count_refusal(self._name, reason)
        return Failure(detail, 503, maybe_done=False, transient=False, well=None, retry_after=seconds)

    def _changed(self, before: State, after: State) -> None:
        self._metrics.show_breaker(self._name, after, changed=True)
        _log.warning("a circuit breaker changed", target=self._name, before=before, state=after)
