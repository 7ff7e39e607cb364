"""The workers between the queue and the reconciler."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from typing import Any, Final

from shopkeeper_operator import metrics
from shopkeeper_operator.apply.client import ApiError
from shopkeeper_operator.kinds import Key
from shopkeeper_operator.queue import Queue
from shopkeeper_operator.reconciler import Outcome

log = logging.getLogger(__name__)

#: A key that waits longer than this means that the workers hang: the process should be started anew.
PATIENCE: Final = 600.0


class Workers:
    """Takes keys from the queue and reconciles them in threads, several Shops at a time."""

    def __init__(self, queue: Queue[Key], reconcile: Callable[[Key], Outcome], pool: Executor, count: int) -> None:
        self._queue = queue
        self._reconcile = reconcile
        self._pool = pool
        self._count = count
        metrics.QUEUE_DEPTH.set_function(lambda: len(queue))

    def each(self, ready: asyncio.Event) -> Iterator[Coroutine[Any, Any, None]]:
        """Yield the work of each worker, which never ends and begins when the cache is complete."""
        return (self._work(ready) for _ in range(self._count))

    def check(self) -> None:
        """Tell the liveness probe that keys are being worked on.

        Raises:
            RuntimeError: a key waits for so long that the workers must hang.
        """
        if self._queue.oldest > PATIENCE:
            raise RuntimeError(f"a Shop has waited {self._queue.oldest:.0f} s for a worker")

    async def _work(self, ready: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        await ready.wait()
        while True:
            key, waited = await self._queue.get()
            metrics.QUEUE_AGE.observe(waited)
            try:
                with metrics.RECONCILE_SECONDS.time():
                    outcome = await loop.run_in_executor(self._pool, self._reconcile, key)
                self._follow(key, outcome)
            except ApiError as error:
                log.warning("reconcile failed", extra={"shop": str(key), "error": str(error)})
                self._again(key, "failed")
            except Exception:
                log.exception("reconcile failed unexpectedly", extra={"shop": str(key)})
                self._again(key, "error")
            finally:
                self._queue.done(key)

    def _follow(self, key: Key, outcome: Outcome) -> None:
        if outcome.retry:
            self._again(key, "retry")
            return
        metrics.RECONCILES.labels("done").inc()
        self._queue.forget(key)
        if outcome.requeue_after is not None:
            self._queue.add_after(key, outcome.requeue_after)

    def _again(self, key: Key, result: str) -> None:
        metrics.RECONCILES.labels(result).inc()
        metrics.QUEUE_RETRIES.inc()
        self._queue.retry(key)
