"""Lists of everything: before the first reconcile, and then now and again, because a watch can miss something."""

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final

from shopkeeper_operator import kinds, metrics, naming
from shopkeeper_operator.apply.client import Api
from shopkeeper_operator.kinds import Key
from shopkeeper_operator.observe.cache import Cache
from shopkeeper_operator.queue import Priority, Queue

log = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
#: Between the first list and the second: the watches have begun by then.
_SECOND: Final = 10.0


class Resync:
    """Makes the cache equal to the cluster and queues every Shop; it only reads."""

    def __init__(
        self,
        cache: Cache,
        api: Api,
        queue: Queue[Key],
        pool: Executor,
        *,
        namespaces: tuple[str, ...],
        seconds: float,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._cache = cache
        self._api = api
        self._queue = queue
        self._pool = pool
        self._namespaces = namespaces
        self._seconds = seconds
        self._jitter = jitter
        self._lists = 0
        self.complete = asyncio.Event()

    async def run(self) -> None:
        """List until the first list succeeds, once more, then in every interval, give or take a tenth of it.

        What is deleted between the first list and the beginning of the watches is in neither: the second list finds it.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                second = self._lists == 1
                await self.once(only_news=second)
                pause = self._seconds * (0.9 + self._jitter() / 5) if self._lists > 1 else min(_SECOND, self._seconds)
            except Exception:
                log.exception("the list of all objects failed")
                pause = self._seconds if self.complete.is_set() else min(pause * 2, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def once(self, *, only_news: bool = False) -> None:
        """List everything once and queue every Shop, or only those of which the cache did not know all.

        Raises:
            ApiError: a list failed; what was listed before it counts.
        """
        loop = asyncio.get_running_loop()
        news: set[Key] = set()
        for kind in (kinds.SHOP, *kinds.OWNED):
            news |= await loop.run_in_executor(self._pool, self._list, kind)
        self._lists += 1
        self.complete.set()
        metrics.SHOPS.set(self._cache.shop_count())
        for key in sorted(news if only_news else self._cache.keys()):
            self._queue.add(key, Priority.RESYNC)

    def _list(self, kind: kinds.Kind) -> set[Key]:
        news: set[Key] = set()
        selector = "" if kind is kinds.SHOP else naming.SELECTOR
        for namespace in self._namespaces or (None,):
            bodies, version = self._api.list_all(kind, namespace, selector)
            inside = {namespace} if namespace else set()
            if kind is kinds.SHOP:
                news |= self._cache.replace_shops(bodies, version, inside)
            else:
                full = ({"apiVersion": kind.api_version, "kind": kind.name} | body for body in bodies)
                news |= self._cache.replace_kind(kind, full, version, inside)
        return news
