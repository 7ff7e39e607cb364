"""granian: HTTP in Rust, the application in a pool of Python threads."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing.process import BaseProcess
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from shopkit import lifecycle
from shopkit.logs import library_logging
from shopkit.server import KEEP_ALIVE_SECONDS, load_worker
from shopkit.settings import ServerSettings

_DRAIN = signal.SIGUSR1


def run(name: str, loaded: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    server = _DrainingServer(
        name,
        drain_seconds=loaded.shutdown_drain_seconds,
        address="0.0.0.0",
        port=loaded.http_port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        # granian counts the wait for the next request on a kept connection as reading its headers.
        http1_settings=HTTP1Settings(header_read_timeout=KEEP_ALIVE_SECONDS * 1000),
        blocking_threads=loaded.http_threads,
        backpressure=1024,
        websockets=False,
        workers_kill_timeout=loaded.shutdown_grace_seconds,
        # At WARNING granian doubts the number of threads, which is as it is because they wait for the database.
        log_level=LogLevels.debug if loaded.log_level == "DEBUG" else LogLevels.error,
        log_dictconfig=library_logging(loaded.log_level, name, loaded.shop),
    )
    # Set before the worker is forked: it inherits this, and so is never without it.
    signal.signal(_DRAIN, lambda _signum, _frame: lifecycle.begin_drain())
    server.serve(target_loader=_load)


class _DrainingServer(MPServer):
    """Tells its worker to drain before it stops it."""

    def __init__(self, name: str, *, drain_seconds: float, **options: Any) -> None:
        super().__init__(name, **options)
        self._drain_seconds = drain_seconds

    def signal_handler_interrupt(self, *_signal: Any) -> None:
        if lifecycle.draining():
            return
        lifecycle.begin_drain()
        for worker in self.wrks:
            process: BaseProcess = worker.inner
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, _DRAIN)
        stop = threading.Timer(self._drain_seconds, super().signal_handler_interrupt)
        stop.daemon = True
        stop.start()


def _load(name: str) -> Any:
    """Build the application; granian calls this in the worker's main thread.

    That thread then waits for a lock, and CPython runs handlers of signals in it alone: a signal that another thread
    takes, or that comes just before the lock, would be noticed only at the next one. So no thread takes any, and one
    waits for them (`sigwait` of POSIX).
    """
    signals = {_DRAIN, signal.SIGTERM, signal.SIGINT}
    # Threads inherit this, also those of libraries.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    # Until granian sets its own handler in the worker, there is that of the first process.
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_obey, args=(signals,), name="signals", daemon=True).start()
    return load_worker(name)


def _obey(signals: set[signal.Signals]) -> None:
    while True:
        received = signal.sigwait(signals)
        handler = signal.getsignal(received)
        if callable(handler):
            handler(received, None)


def _end(*_signal: Any) -> None:
    """End a worker that does not serve yet."""
    os._exit(128 + signal.SIGTERM)
