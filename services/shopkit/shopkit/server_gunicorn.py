"""gunicorn with its thread worker: the alternative to granian, all in Python."""

from __future__ import annotations

import logging.config
import math
import threading
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from shopkit import lifecycle
from shopkit.logs import library_logging
from shopkit.server import KEEP_ALIVE_SECONDS, load_worker
from shopkit.settings import ServerSettings


def run(name: str, loaded: ServerSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    logging.config.dictConfig(library_logging(loaded.log_level, name, loaded.shop))
    _Application(name, loaded).run()


class DrainingWorker(ThreadWorker):
    """Goes on taking requests for a while after SIGTERM, and lets go of each connection after its answer."""

    drain_seconds = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if lifecycle.draining():
            return
        lifecycle.begin_drain()
        # Every answer from here on says `Connection: close`. (Setting `keepalive` to 0 would do that too, but it
        # would also close the connections whose last answer promised to keep them.)
        self.max_keepalived = -1
        stop = threading.Timer(self.drain_seconds, super().handle_exit, (sig, frame))
        stop.daemon = True
        stop.start()


class QuietLogger(Logger):
    """Leaves the lines to the logging of the process."""

    def setup(self, cfg: Any) -> None:
        """Set the level; no handler of gunicorn's own."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class _Application(BaseApplication):
    """Tells gunicorn what to run instead of a command line."""

    def __init__(self, name: str, loaded: ServerSettings) -> None:
        self._name = name
        self._loaded = loaded
        super().__init__()

    def load_config(self) -> None:
        """Set the options."""
        loaded = self._loaded
        DrainingWorker.drain_seconds = loaded.shutdown_drain_seconds
        options: dict[str, Any] = {
            "bind": f"0.0.0.0:{loaded.http_port}",
            "workers": 1,
            "threads": loaded.http_threads,
            "worker_class": DrainingWorker,
            "logger_class": QuietLogger,
            "keepalive": KEEP_ALIVE_SECONDS,
            "graceful_timeout": math.ceil(loaded.shutdown_drain_seconds) + loaded.shutdown_grace_seconds,
            # The heartbeat file; on a disk its fsync can stall the worker, and the root file system is read-only.
            "worker_tmp_dir": "/dev/shm",
            "control_socket_disable": True,
            "loglevel": "debug" if loaded.log_level == "DEBUG" else "warning",
        }
        for option, value in options.items():
            self.cfg.set(option, value)

    def load(self) -> Any:
        """Build the application; gunicorn calls this in the worker."""
        try:
            return load_worker(self._name)
        except SystemExit:
            # With any other code gunicorn would start one worker after the other, for ever.
            raise SystemExit(Arbiter.APP_LOAD_ERROR) from None
