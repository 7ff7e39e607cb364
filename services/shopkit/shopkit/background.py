"""Work beside the requests, by threads of the worker process: jobs that are done again and again, and components
that run as long as the process, such as a second server or a consumer.

A service declares both when it is built; the server starts them in the worker, after the fork, and tests call
the functions themselves. A job ends when the process takes leave: what runs is finished, nothing new begins.
"""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import psycopg2
import structlog
from prometheus_client import Histogram

from shopkit import context, lifecycle
from shopkit.errors import first_line
from shopkit.metrics import Metrics

_log = structlog.get_logger(__name__)
# How long a pause lasts at most before the thread looks whether the process still lives.
_LOOK_SECONDS = 1.0

Work = Callable[[], bool]
"""One run of a job; returns whether there is more to do at once."""


@dataclass(frozen=True)
class Job:
    """Work and how often it is done.

    Args:
        name: its name in logs and metrics, and of its thread.
        seconds: pause between two runs; each is varied by up to a tenth, so that replicas do not move in step.
        work: one run.
    """

    name: str
    seconds: float
    work: Work


@dataclass(frozen=True)
class Component:
    """Something that runs from the start of the worker process to its end.

    Args:
        name: its name in logs, and of the thread that stops it.
        start: begins its work and returns; an error ends the process.
        stop: called when the process takes leave; may take as long as a request may, and returns when all is done.
    """

    name: str
    start: Callable[[], None]
    stop: Callable[[], None]


class Background:
    """The jobs and components of one service.

    Args:
        metrics: where runs are counted and timed, by job and outcome (success or error).

    Attributes:
        jobs: the jobs that were declared.
        components: the components that were declared.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.jobs: list[Job] = []
        self.components: list[Component] = []
        self._runs = Histogram(
            "background_run_duration_seconds",
            "Runs of background jobs by job and outcome.",
            ("job", "outcome"),
            registry=metrics.registry,
        )

    def every(self, seconds: float, name: str, work: Work) -> None:
        """Declare a job; see `Job`. Nothing runs before `start`."""
        self.jobs.append(Job(name, seconds, work))

    def component(self, name: str, start: Callable[[], None], stop: Callable[[], None]) -> None:
        """Declare a component; see `Component`. Nothing runs before `start`."""
        self.components.append(Component(name, start, stop))

    def start(self) -> list[threading.Thread]:
        """Start the components, and a thread for each job. Call it in the worker: threads do not survive a fork.

        Returns:
            Threads that end when the process takes leave and everything has come to its end.
        """
        for component in self.components:
            component.start()
        # Not daemons: the interpreter waits for what is under way, instead of cutting it off.
        threads = [threading.Thread(target=self._repeat, args=(job,), name=job.name) for job in self.jobs]
        threads += [threading.Thread(target=_stop_later, args=(c,), name=c.name) for c in self.components]
        for thread in threads:
            thread.start()
        return threads

    def run(self, job: Job) -> bool:
        """Do one run within a context of its own; an error is logged and counted, and the next run tries again.

        Returns:
            Whether there is more to do at once.
        """
        token = context.current.set(context.from_environ({}))
        started = time.perf_counter()
        outcome = "error"
        try:
            more = job.work()
            outcome = "success"
        except psycopg2.Error as error:
            # The lines after the first quote rows and statements.
            where = "".join(traceback.format_tb(error.__traceback__))
            _log.error("a background job failed", job=job.name, cause=first_line(error), where=where)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, the thread has to live on
            _log.error("a background job failed", job=job.name, exc_info=error)
            return False
        else:
            return more
        finally:
            self._runs.labels(job.name, outcome).observe(time.perf_counter() - started)
            context.current.reset(token)

    def _repeat(self, job: Job) -> None:
        more = False
        while _wait(0 if more else job.seconds * random.uniform(0.9, 1.1)):
            more = self.run(job)


def _stop_later(component: Component) -> None:
    """Stop a component when the process takes leave."""
    while _wait(_LOOK_SECONDS):
        continue
    try:
        component.stop()
    except Exception as error:  # noqa: BLE001 - the process ends, the log has to say what was not ended well
        _log.error("a component did not stop", component=component.name, exc_info=error)


def _wait(seconds: float) -> bool:
    """Wait, and tell whether the process is still at work (it need not take leave to end)."""
    end = time.monotonic() + seconds
    while threading.main_thread().is_alive():
        left = end - time.monotonic()
        if lifecycle.wait_for_drain(max(0.0, min(left, _LOOK_SECONDS))):
            return False
        if left <= _LOOK_SECONDS:
            return True
    return False
