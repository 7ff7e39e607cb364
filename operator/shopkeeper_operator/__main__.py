"""The operator's process: `python -m shopkeeper_operator`."""

import asyncio
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import kopf

from shopkeeper_operator import config, handlers, logs, metrics, naming
from shopkeeper_operator.apply.client import Api, load_configuration
from shopkeeper_operator.apply.executor import DatabaseTools, Executor
from shopkeeper_operator.database import server
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


async def run(settings: config.Config) -> None:
    """Run until a signal ends kopf, or a part of the operator fails.

    Raises:
        Exception: whatever ended the failed part; the kubelet starts the process anew.
    """
    api = Api(load_configuration(connections=settings.workers + 2))
    cache = Cache()
    queue: Queue[Key] = Queue()
    pool = ThreadPoolExecutor(settings.workers + 1, thread_name_prefix="reconcile")
    environment = Environment(settings.release, settings.image_registry, settings.own_namespace)
    references = References(cache, api)
    pods = Pods(api, lambda: datetime.now(UTC))
    observer = Observer(cache, api, environment, server.observe, references=references, pods=pods)
    tools = DatabaseTools(server.provision, server.drop)
    reconciler = Reconciler(
        cache=cache,
        api=api,
        observer=observer,
        executor=Executor(api, cache, tools, observer.invalidate),
        render=Renderer(settings.chart, helm=settings.helm, home=settings.home),
    )
    resync = Resync(cache, api, queue, pool, namespaces=settings.namespaces, seconds=settings.resync_seconds)
    workers = Workers(queue, reconciler.reconcile, pool, settings.workers)
    metrics.serve(settings.metrics_port, resync.complete.is_set)
    log.info("starting", extra={"object": naming.FIELD_MANAGER, "cause": settings.release})
    # kopf takes every task that is younger than its own for one of its own: ours come first.
    tasks = [
        asyncio.create_task(resync.run(), name="resync"),
        asyncio.create_task(references.run(queue, pool), name="references"),
        *(asyncio.create_task(worker, name="worker") for worker in workers.each(resync.complete)),
        asyncio.create_task(_watch(settings, cache, queue, workers, resync), name="watches"),
    ]
    await _until_one_ends(tasks)
    await asyncio.get_running_loop().run_in_executor(None, partial(pool.shutdown, wait=True, cancel_futures=True))


async def _watch(settings: config.Config, cache: Cache, queue: Queue[Key], workers: Workers, resync: Resync) -> None:
    """Watch from when everything has been listed once; kopf would not notice a definition that comes later."""
    await resync.complete.wait()
    await kopf.operator(
        registry=handlers.registry(cache, queue, workers.check),
        settings=handlers.settings(),
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
        liveness_endpoint=f"http://0.0.0.0:{settings.liveness_port}/healthz",
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
