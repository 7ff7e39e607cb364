"""``python -m notifications.sink``: takes mails until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass

import structlog
from aiosmtpd.smtp import SMTP
from werkzeug.serving import make_server

from notifications.sink.pages import make_app
from notifications.sink.receiver import Receiver
from notifications.sink.store import Store
from shopkit import logs, settings
from shopkit.settings import SettingsError, between, one_of, setting

_log = structlog.get_logger(__name__)
_PORT = between(0, 65535)
# All interfaces.
_HOST = ""


@dataclass(frozen=True, kw_only=True)
class SinkSettings:
    """What the sink reads from the environment."""

    smtp_port: int = setting("SINK_SMTP_PORT", "Port of SMTP.", default=1025, check=_PORT)
    http_port: int = setting("SINK_HTTP_PORT", "Port of the pages.", default=8080, check=_PORT)
    max_mails: int = setting("SINK_MAX_MAILS", "The most mails that are kept.", default=5000, check=between(1, 10**6))
    max_bytes: int = setting(
        "SINK_MAX_BYTES", "The most bytes of all mails together.", default=16_777_216, check=between(1024, 1 << 32)
    )
    max_mail_bytes: int = setting(
        "SINK_MAX_MAIL_BYTES", "Largest mail; beyond it 552.", default=1_048_576, check=between(1024, 1 << 30)
    )
    shop: str = setting("SHOP", "Name of the shop, in logs.", default="shop")
    log_level: str = setting(
        "LOG_LEVEL",
        "Least severe level that is logged.",
        default="INFO",
        check=one_of("DEBUG", "INFO", "WARNING", "ERROR"),
    )


def main() -> None:
    """Run the sink."""
    try:
        loaded: SinkSettings = settings.load(SinkSettings, os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    logs.configure(loaded.log_level, "mail", loaded.shop)
    for noisy in ("mail.log", "werkzeug"):  # they log addresses
        logging.getLogger(noisy).setLevel(logging.ERROR)
    asyncio.run(_run(Store(loaded.max_mails, loaded.max_bytes), loaded))


async def _run(store: Store, loaded: SinkSettings) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(
        lambda: SMTP(Receiver(store), hostname="mail", ident="sink", data_size_limit=loaded.max_mail_bytes, loop=loop),
        _HOST,
        loaded.smtp_port,
    )
    # After SMTP: who gets an answer from the pages may send mails.
    web = make_server(_HOST, loaded.http_port, make_app(store), threaded=True)
    threading.Thread(target=web.serve_forever, name="pages", daemon=True).start()
    _log.info("mails are taken", smtp_port=loaded.smtp_port, http_port=loaded.http_port)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    main()
