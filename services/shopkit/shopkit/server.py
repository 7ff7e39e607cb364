"""Running a service: one worker process with a thread pool, behind granian or gunicorn.

The first process stays small: it never imports the service, only the worker does. On SIGTERM the worker drains
first (not ready, connections let go of one by one), then the server finishes what is running and ends.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from shopkit import logs, settings
from shopkit.settings import ServerSettings, SettingsError

if TYPE_CHECKING:
    from shopkit.app import ServiceApp

# How long an idle connection is kept: longer than clients keep theirs (the gateway 60 s), so that it is never the
# server that closes one on which a request may be under way.
KEEP_ALIVE_SECONDS = 75


def serve(name: str, environ: Mapping[str, str]) -> None:
    """Serve until SIGTERM.

    Args:
        name: the service.
        environ: environment variables.
    """
    with _starting(name, environ):
        loaded: ServerSettings = settings.load(ServerSettings, environ)
    logs.catch_the_rest()
    if loaded.server == "gunicorn":
        from shopkit.server_gunicorn import run
    else:
        from shopkit.server_granian import run
    # What is loaded by now stays as it is: the collector then leaves it alone and the worker shares its pages.
    gc.freeze()
    run(name, loaded)


def load_worker(name: str) -> ServiceApp:
    """Build the application in the worker process, with logs, the metrics port and its background work.

    Whatever goes wrong ends the process with a line in the log.
    """
    with _starting(name, os.environ):
        return _load_worker(name)


@contextmanager
def _starting(name: str, environ: Mapping[str, str]) -> Iterator[None]:
    """Turn an error of the start into a line in the log and the end of the process."""
    try:
        yield
    except (SettingsError, ModuleNotFoundError) as error:
        # A sentence, no traceback: somebody has to mend the environment.
        _log(name, environ).critical("the service cannot start", cause=str(error))
        raise SystemExit(2) from None
    except Exception as error:  # noqa: BLE001 - whatever it is, the log has to say why there is no service
        _log(name, environ).critical("the service cannot start", exc_info=error)
        raise SystemExit(1) from None


def _log(name: str, environ: Mapping[str, str]) -> Any:
    import structlog

    logs.configure("INFO", name, environ.get("SHOP") or "shop")
    return structlog.get_logger(__name__)


def _load_worker(name: str) -> ServiceApp:
    from shopkit import tracing
    from shopkit.app import create_app
    from shopkit.service import find_service

    service = find_service(name)
    app = create_app(service, os.environ)
    loaded = app.runtime.settings
    logs.configure(loaded.log_level, name, loaded.shop)
    tracing.configure(loaded, name, service.version)
    app.runtime.metrics.serve(loaded.metrics_port)
    app.runtime.background.start()
    gc.collect()
    gc.freeze()
    return app
