"""The operator's process: `python -m shopkeeper_operator`."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

import kopf

from shopkeeper_operator import config, handlers, logs, metrics, naming
from shopkeeper_operator.apply.client import Api, load_configuration
from shopkeeper_operator.apply.executor import DatabaseTools, Executor
from shopkeeper_operator.database import server
from shopkeeper_operator.election import Elector
from shopkeeper_operator.kinds import Key
from shopkeeper_operator.observe.cache import Cache
from shopkeeper_operator.observe.observer import Observer
from shopkeeper_operator.observe.pods import Pods
from shopkeeper_operator.observe.references import References
from shopkeeper_operator.observe.resync import Resync
from shopkeeper_operator.queue import Queue
from shopkeeper_operator.reconciler import Reconciler
from shopkeeper_operator.render import Renderer
from shopkeeper_operator.snapshot import Environment
from shopkeeper_operator.workers import Workers

log = logging.getLogger("shopkeeper_operator")

#: So long the event loop may take to turn once.
LOOP_SECONDS: Final = 4.0


async def run(settings: config.Config) -> None:
    """Stand by until this replica leads, then work until a signal ends kopf, or a part of the operator fails.

    Raises:
        Exception: whatever ended the failed part; the kubelet starts the process anew.
    """
    elector = _elector(settings)
    api = Api(load_configuration(connections=settings.workers + 2), guard=elector.check if elector else _alone)
    cache = Cache()
    queue: Queue[Key] = Queue()
    pool = ThreadPoolExecutor(settings.workers + 1, thread_name_prefix="reconcile")
    references = References(cache, api)
    reconciler = _reconciler(settings, api, cache, references, elector)
    resync = Resync(cache, api, queue, pool, namespaces=settings.namespaces, seconds=settings.resync_seconds)
    workers = Workers(queue, reconciler.reconcile, pool, settings.workers)
    leading = asyncio.Event()
    metrics.serve(settings.metrics_port, lambda: not leading.is_set() or resync.complete.is_set())
    metrics.serve_liveness(settings.liveness_port, _liveness(asyncio.get_running_loop(), workers))
    log.info("starting", extra={"object": naming.FIELD_MANAGER, "cause": settings.release})
    if elector and not await _acquired(elector):
        return
    leading.set()
    metrics.LEADER.set(1)
    # kopf takes every task that is younger than its own for one of its own: ours come first.
    tasks = [
        *([asyncio.create_task(asyncio.to_thread(elector.keep), name="lease")] if elector else []),
        asyncio.create_task(resync.run(), name="resync"),
        asyncio.create_task(references.run(queue, pool), name="references"),
        *(asyncio.create_task(worker, name="worker") for worker in workers.each(resync.complete)),
        asyncio.create_task(_watch(settings, cache, queue, resync), name="watches"),
    ]
    try:
        await _until_one_ends(tasks)
    finally:
        await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)
        if elector:
            await asyncio.to_thread(elector.stop)


def _alone() -> None:
    """Hold nothing back: there is no other replica."""


def _elector(settings: config.Config) -> Elector | None:
    if not settings.identity:
        return None
    api = Api(load_configuration(connections=2))
    return Elector(api, Key(settings.own_namespace, settings.lease), settings.identity)


async def _acquired(elector: Elector) -> bool:
    """Wait for the Lease; a signal ends the waiting (later kopf takes care of signals)."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, elector.stop)
    try:
        return await asyncio.to_thread(elector.acquire)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _liveness(loop: asyncio.AbstractEventLoop, workers: Workers) -> Callable[[], None]:
    """Return what raises where the event loop does not turn, or where Shops wait for workers that hang."""

    def check() -> None:
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(LOOP_SECONDS)
        workers.check()

    return check


def _reconciler(
    settings: config.Config, api: Api, cache: Cache, references: References, elector: Elector | None
) -> Reconciler:
    environment = Environment(settings.release, settings.image_registry, settings.own_namespace)
    pods = Pods(api, lambda: datetime.now(UTC))
    observer = Observer(cache, api, environment, server.observe, references=references, pods=pods)
    tools = DatabaseTools(server.provision, server.drop)
    return Reconciler(
        cache=cache,
        api=api,
        observer=observer,
        executor=Executor(api, cache, tools, observer.invalidate, elector.confirm if elector else _alone),
        render=Renderer(settings.chart, helm=settings.helm, home=settings.home),
    )


async def _watch(settings: config.Config, cache: Cache, queue: Queue[Key], resync: Resync) -> None:
    """Watch from when everything has been listed once; kopf would not notice a definition that comes later."""
    await resync.complete.wait()
    await kopf.operator(
        registry=handlers.registry(cache, queue),
        settings=handlers.settings(),
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
    )


async def _until_one_ends(tasks: list[asyncio.Task[None]]) -> None:
    """Wait until a task ends, cancel the others, and raise what ended it."""
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for task in done:
        task.result()


def main() -> int:
    """Run the operator and return the exit code."""
    try:
        settings = config.load()
    except config.ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(settings.log_level)
    try:
        asyncio.run(run(settings))
    except Exception:
        log.exception("the operator ends")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
