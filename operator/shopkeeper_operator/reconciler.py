"""One reconcile: observe, plan, write, report. Runs in a worker thread, one at a time per Shop."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from shopkeeper_operator import kinds, naming
from shopkeeper_operator.apply.client import Api, ApiError
from shopkeeper_operator.apply.events import announce
from shopkeeper_operator.apply.executor import Executor
from shopkeeper_operator.kinds import Key
from shopkeeper_operator.observe.cache import Cache
from shopkeeper_operator.observe.observer import Observer
from shopkeeper_operator.plan import planner, status
from shopkeeper_operator.plan.model import Finding, Plan, Render
from shopkeeper_operator.snapshot import Snapshot

log = logging.getLogger(__name__)

#: A reconcile looks again after it has written, since writing opens the way for more; this often at most.
PASSES: Final = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the queue should do next: try again with growing pauses, or look again after a while."""

    retry: bool = False
    requeue_after: float | None = None


class Reconciler:
    """Brings one Shop closer to what it should be. It keeps nothing: everything is read from the cluster."""

    def __init__(
        self,
        *,
        cache: Cache,
        api: Api,
        observer: Observer,
        executor: Executor,
        render: Render,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cache = cache
        self._api = api
        self._observer = observer
        self._executor = executor
        self._render = render
        self._now = now

    def reconcile(self, key: Key) -> Outcome:
        """Bring one Shop closer to what it should be.

        Raises:
            ApiError: the API server did not answer, or refused what is not part of the plan.
        """
        for _ in range(PASSES):
            snapshot = self._observer.observe(key)
            if snapshot is None:
                return Outcome()
            plan = planner.plan(snapshot, self._now(), self._render)
            done = self._executor.execute(snapshot, plan)
            if done.failed or not done.wrote:
                self._report(snapshot, plan, done.problems)
                return Outcome(retry=done.failed or plan.retry, requeue_after=plan.requeue_after)
        return Outcome(retry=True)

    def _report(self, snapshot: Snapshot, plan: Plan, problems: list[Finding]) -> None:
        """Write the status where it says something new, and announce what has changed."""
        if snapshot.shop.deleting and naming.FINALIZER not in snapshot.shop.finalizers:
            return
        made = status.build(snapshot, plan, problems, self._now())
        if made == snapshot.shop.status:
            return
        key = snapshot.shop.key
        manifest = {
            "apiVersion": naming.API_VERSION,
            "kind": naming.KIND,
            "metadata": {"name": key.name, "namespace": key.namespace, "uid": snapshot.shop.uid},
            "status": made,
        }
        try:
            body = self._api.apply(kinds.SHOP, manifest, status=True)
        except ApiError as error:
            if error.absent or error.conflict:
                return  # the Shop is gone, or is another one by now: its own events bring us back
            raise
        self._cache.put_shop(body)
        log.info("status", extra={"shop": str(key), "phase": made["phase"]})
        if not plan.paused:
            for announcement in status.announcements(snapshot.shop.status, made):
                announce(self._api, snapshot.shop, announcement, self._now())
