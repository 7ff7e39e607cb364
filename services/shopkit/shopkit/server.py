"""Running a service: one worker process with a thread pool, behind granian or gunicorn.

The first process stays small: it never imports the service, only the worker does. On SIGTERM the worker drains
first (not ready, connections let go of one by one), then the server finishes what is running and ends.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shopkit import settings
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

    Raises:
        SettingsError: variables of the server are missing or wrong.
    """
    loaded: ServerSettings = settings.load(ServerSettings, environ)
    if loaded.server == "gunicorn":
        from shopkit.server_gunicorn import run
    else:
        from shopkit.server_granian import run
    # What is loaded by now stays as it is: the collector then leaves it alone and the worker shares its pages.
    gc.freeze()
    run(name, loaded)


def load_worker(name: str) -> ServiceApp:
    """Build the application in the worker process, with logs, the metrics port and its background work.

    A wrong environment ends the process with a sentence instead of a traceback: no restart mends it.
    """
    from shopkit import logs, tracing
    from shopkit.app import create_app
    from shopkit.service import find_service

    service = find_service(name)
    try:
        app = create_app(service, os.environ)
    except SettingsError as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        raise SystemExit(2) from None
    loaded = app.runtime.settings
    logs.configure(loaded.log_level, name, loaded.shop)
    tracing.configure(loaded, name, service.version)
    app.runtime.metrics.serve(loaded.metrics_port)
    app.runtime.background.start()
    gc.collect()
    gc.freeze()
    return app
