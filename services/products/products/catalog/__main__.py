"""``python -m products.catalog``: exit code 1 when a service fails (trying again helps), 2 when the input is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import structlog

from products.catalog import files, loading
from products.catalog.files import CatalogError
from products.catalog.loading import LoadError
from products.catalog.settings import LoaderSettings
from shopkit import logs, settings
from shopkit.metrics import Metrics
from shopkit.settings import SettingsError
from shopkit.upstream import Limits, Upstream, UpstreamError

_log = structlog.get_logger(__name__)
# Nobody waits for an answer of ours: give services that have just started the time they need.
_LIMITS = Limits(connect_seconds=5.0, read_seconds=30.0, attempts=5, backoff_seconds=0.5)


def main(environ: Mapping[str, str]) -> int:
    """Load the catalogue and return the exit code."""
    try:
        loaded: LoaderSettings = settings.load(LoaderSettings, environ)
        logs.configure(loaded.log_level, "catalog", loaded.shop)
        products = files.read(Path(loaded.catalog_dir))
    except (SettingsError, CatalogError) as error:
        print(f"catalog: {error}", file=sys.stderr, flush=True)
        return 2
    metrics = Metrics()

    def service(name: str, url: str, token: str | None = None) -> Upstream:
        return Upstream(name, url, metrics, token=token, limits=_LIMITS)

    try:
        token = loading.log_in(service("users", loaded.users_url), loaded.admin_email, loaded.admin_password)
        done = loading.load(
            service("products", loaded.products_url, token),
            service("inventory", loaded.inventory_url, token),
            products,
        )
    except (LoadError, UpstreamError) as error:
        cause = error.detail if isinstance(error, UpstreamError) else str(error)
        print(f"catalog: not loaded to the end: {cause}", file=sys.stderr, flush=True)
        return 1
    _log.info("the catalogue is loaded", created=done.created, kept=done.kept, stocks_set=done.stocked)
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
