"""What surrounds the reconciler: configuration, logs, handlers, resync, workers, rendering."""

import asyncio
import json
import logging
import stat
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import kopf
import pytest
import urllib3
from shopkeeper_operator import config, handlers, kinds, logs, metrics, naming
from shopkeeper_operator.apply.client import ApiError
from shopkeeper_operator.kinds import Key
from shopkeeper_operator.observe.cache import Cache
from shopkeeper_operator.observe.resync import Resync
from shopkeeper_operator.plan.model import RenderError
from shopkeeper_operator.queue import Queue
from shopkeeper_operator.reconciler import Outcome
from shopkeeper_operator.render import Renderer
from shopkeeper_operator.workers import Workers

from .support.world import World

KEY = Key("shops", "demo")


def test_the_configuration_has_defaults() -> None:
    made = config.load({"OPERATOR_RELEASE": "1.2.0", "WATCH_NAMESPACES": "b, a,,b"})

    assert (made.release, made.namespaces, made.workers) == ("1.2.0", ("a", "b"), 4)
    assert config.load({}).namespaces == ()


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"WORKERS": "many"}, "WORKERS=many is not a whole number from 1 to 64"),
        ({"RESYNC_SECONDS": "1"}, "RESYNC_SECONDS=1 is not a whole number from 10 to 86400"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL=loud is not one of DEBUG, INFO, WARNING, ERROR"),
    ],
)
def test_a_wrong_value_is_told(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(config.ConfigError, match=sentence):
        config.load(environment)


def test_a_line_of_the_log_is_one_object() -> None:
    record = logging.LogRecord("name", logging.INFO, "file", 1, "applied %s", ("x",), None)
    record.shop = "shops/demo"

    line = json.loads(logs.JsonFormatter().format(record))

    assert {key: line[key] for key in ("level", "logger", "message", "shop")} == {
        "level": "info",
        "logger": "name",
        "message": "applied x",
        "shop": "shops/demo",
    }


def in_loop(scenario: Callable[[Queue[Key]], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario with a queue of its own."""

    async def run() -> None:
        await asyncio.wait_for(scenario(Queue()), timeout=10)

    asyncio.run(run())


def shop(version: int) -> dict[str, Any]:
    """Return a Shop."""
    return {"metadata": {"namespace": "shops", "name": "demo", "uid": "s1", "resourceVersion": str(version)}}


def child(version: int, labels: dict[str, str]) -> dict[str, Any]:
    """Return a Service."""
    metadata = {"namespace": "shops", "name": "demo-users", "uid": "u1", "resourceVersion": str(version)}
    return {"metadata": metadata | {"labels": labels}}


def test_events_reach_cache_and_queue() -> None:
    async def scenario(queue: Queue[Key]) -> None:
        cache = Cache()
        made = handlers.registry(cache, queue)
        watching: dict[str, Any] = {handler.id: handler.fn for handler in made._watching.get_all_handlers()}
        on_shop, on_service = watching["on_shops"], watching["on_services"]

        async def queued(handler: Callable[..., Any], kind: str | None, body: dict[str, Any]) -> bool:
            handler(event={"type": kind, "object": body})
            found = len(queue) == 1
            if found:
                queue.done((await queue.get())[0])
            return found

        ours = naming.labels("demo", "users")
        assert await queued(on_shop, None, shop(1))
        assert not await queued(on_shop, "MODIFIED", shop(1))
        assert await queued(on_service, "ADDED", child(2, ours))
        assert not await queued(on_service, "MODIFIED", child(2, ours))
        assert not await queued(on_service, "ADDED", child(3, {}))
        assert await queued(on_service, "DELETED", child(4, ours))
        assert await queued(on_shop, "DELETED", shop(5))
        assert cache.shop(KEY) is None

    in_loop(scenario)


def test_every_kind_is_watched_and_only_children_are_filtered() -> None:
    made = handlers.registry(Cache(), Queue(clock=float, call_later=lambda *_: None))
    selectors = handlers.settings().watching.label_selectors

    assert len(made._watching.get_all_handlers()) == 1 + len(kinds.OWNED)
    assert len(selectors) == len(kinds.OWNED)
    assert set(selectors.values()) == {naming.SELECTOR}
    assert (naming.GROUP, naming.VERSION, naming.PLURAL) not in selectors
    assert isinstance(made, kopf.OperatorRegistry)


def test_a_resync_queues_every_shop_and_writes_nothing() -> None:
    world = World()
    world.apply("one")
    world.apply("two")
    world.api.writes.clear()

    async def scenario(queue: Queue[Key]) -> None:
        with ThreadPoolExecutor(1) as pool:
            resync = Resync(Cache(), world.api, queue, pool, namespaces=(), seconds=600)
            await resync.once()
            assert resync.complete.is_set()
        assert [(await queue.get())[0] for _ in range(2)] == [Key("shops", "one"), Key("shops", "two")]

    in_loop(scenario)
    assert world.api.writes == []


def test_the_second_list_finds_what_went_before_the_watches_began() -> None:
    world = World()
    for name in ("one", "two"):
        world.apply(name)
    world.run()

    async def scenario(queue: Queue[Key]) -> None:
        with ThreadPoolExecutor(1) as pool:
            resync = Resync(Cache(), world.api, queue, pool, namespaces=(), seconds=600)
            await resync.once()
            for _ in range(2):
                queue.done((await queue.get())[0])
            world.api.remove(world.ref("Service", "two-users"))
            await resync.once(only_news=True)
        assert (await queue.get())[0] == Key("shops", "two")
        assert len(queue) == 0

    in_loop(scenario)


def test_a_resync_notices_what_the_watches_missed() -> None:
    world = World()
    world.apply()
    world.run()
    world.api.watchers.clear()
    world.api.remove(world.ref("Service", "demo-users"))
    world.reconcile()
    assert world.ref("Service", "demo-users") not in world.api.objects

    world.relist()
    world.reconcile()

    assert world.ref("Service", "demo-users") in world.api.objects


def test_workers_follow_the_outcome() -> None:
    outcomes: list[Outcome | Exception] = [
        RuntimeError("a bug"),
        ApiError(500, "", "broken"),
        Outcome(retry=True),
        Outcome(requeue_after=0.01),
        Outcome(),
    ]
    seen: list[Key] = []

    async def scenario(queue: Queue[Key]) -> None:
        loop, ready, finished = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

        def reconcile(key: Key) -> Outcome:
            seen.append(key)
            if len(seen) == len(outcomes):
                loop.call_soon_threadsafe(finished.set)
            outcome = outcomes[len(seen) - 1]
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        ready.set()
        with ThreadPoolExecutor(1) as pool:
            tasks = [asyncio.create_task(work) for work in Workers(queue, reconcile, pool, 2).each(ready)]
            queue.add(KEY)
            await finished.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    in_loop(scenario)
    assert seen == [KEY] * 5


def test_the_probe_tells_of_workers_that_hang() -> None:
    now = [0.0]
    queue: Queue[Key] = Queue(clock=lambda: now[0], call_later=lambda *_: None)
    workers = Workers(queue, lambda _key: Outcome(), ThreadPoolExecutor(1), 1)
    queue.add(KEY)
    workers.check()
    now[0] = 601.0

    with pytest.raises(RuntimeError, match="has waited 601 s"):
        workers.check()


def test_metrics_and_readiness_are_served() -> None:
    ready = [False]
    server = metrics.serve(0, lambda: ready[0])
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        assert urllib3.request("GET", f"{base}/readyz").status == 503
        ready[0] = True
        assert urllib3.request("GET", f"{base}/readyz").status == 200
        assert b"shopkeeper_queue_depth" in urllib3.request("GET", f"{base}/metrics").data
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def helm(tmp_path: Path) -> tuple[Path, Path]:
    """Return a stand-in for helm, which renders its values as they are, and the file where it counts its runs."""
    program, runs = tmp_path / "helm", tmp_path / "runs"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, sys\n"
        f"open({str(runs)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
        "values = json.load(sys.stdin)\n"
        "if values.get('bad'):\n"
        "    sys.exit('Error: values do not meet\\n the schema')\n"
        "print('---\\n# empty\\n---\\n' + json.dumps({'kind': 'A', 'spec': values}))\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "Chart.yaml").touch()
    return program, runs


def test_the_same_values_are_rendered_once(helm: tuple[Path, Path], tmp_path: Path) -> None:
    render = Renderer(tmp_path, helm=str(helm[0]), home=tmp_path)

    first = render("demo", "shops", {"a": 1, "b": None})
    first[0]["spec"]["a"] = "changed by the caller"

    assert render("demo", "shops", {"b": None, "a": 1}) == [{"kind": "A", "spec": {"a": 1}}]
    assert render("other", "shops", {"a": 1}) == [{"kind": "A", "spec": {"a": 1}}]
    assert helm[1].read_text().splitlines() == [
        f"template {name} {tmp_path} --namespace shops --no-hooks -f -" for name in ("demo", "other")
    ]


def test_the_oldest_result_is_forgotten_first(helm: tuple[Path, Path], tmp_path: Path) -> None:
    render = Renderer(tmp_path, helm=str(helm[0]), home=tmp_path, entries=1)
    for name in ("a", "b", "b", "a"):
        render(name, "shops", {})

    assert [line.split()[1] for line in helm[1].read_text().splitlines()] == ["a", "b", "a"]


def test_what_helm_says_is_told(helm: tuple[Path, Path], tmp_path: Path) -> None:
    render = Renderer(tmp_path, helm=str(helm[0]), home=tmp_path)

    with pytest.raises(RenderError, match=r"^values do not meet the schema$"):
        render("demo", "shops", {"bad": True})
    with pytest.raises(RenderError, match="helm did not run"):
        Renderer(tmp_path, helm=str(tmp_path / "absent"), home=tmp_path)("demo", "shops", {})


def test_a_missing_chart_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="set CHART_DIR"):
        Renderer(tmp_path / "nowhere", helm="helm", home=tmp_path)
