"""Logs: one JSON object a line on stdout, with what ties the lines of one request together. No bodies, no tokens.

Whatever else would write to the streams is caught: libraries, warnings, errors that nobody handles.
"""

from __future__ import annotations

import json
import logging
import logging.config
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from shopkit.context import current
from shopkit.redaction import redact_event

if TYPE_CHECKING:
    from types import TracebackType

    from structlog.types import EventDict, WrappedLogger


def configure(level: str, service: str, shop: str) -> None:
    """Send the logs of this process, our own (structlog) and those of libraries, to stdout as JSON."""
    import structlog

    def complete(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        return {**_frame(method, service, shop), **event}

    structlog.configure(
        processors=[complete, structlog.processors.format_exc_info, _render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Straight to the stream: a line costs a third of what it does by way of the standard library.
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(library_logging(level, service, shop))
    catch_the_rest()


def catch_the_rest() -> None:
    """Log warnings and errors that nobody handles, instead of writing them to stderr as they are."""
    logging.captureWarnings(capture=True)
    # What cannot be logged must not become a traceback on stderr either.
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught
    sys.unraisablehook = lambda found: _log_uncaught(found.exc_type, found.exc_value, found.exc_traceback)
    threading.excepthook = lambda found: _log_uncaught(found.exc_type, found.exc_value, found.exc_traceback)


def _log_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    thread = threading.current_thread().name
    logging.getLogger("uncaught").critical("an error in %s", thread, exc_info=(kind, error or kind(), trace))


def library_logging(level: str, service: str, shop: str) -> dict[str, Any]:
    """Return the configuration of the standard library's logging that gives the same lines."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": _JsonFormatter, "service": service, "shop": shop}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
        # Below these levels they tell of paths, queries and connections, which may hold what no log should.
        "loggers": {"urllib3": {"level": "INFO"}, "pika": {"level": "WARNING"}},
        "root": {"level": level, "handlers": ["stdout"]},
    }


class _JsonFormatter(logging.Formatter):
    """The lines of libraries."""

    def __init__(self, service: str, shop: str) -> None:
        super().__init__()
        self._service = service
        self._shop = shop

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record."""
        event = {
            **_frame(record.levelname.lower(), self._service, self._shop),
            "event": _message(record),
            "logger": record.name,
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return _render(None, "", event).decode()


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a mistake in a library's call must not cost the line
        return f"{record.msg} {record.args}"


def _frame(level: str, service: str, shop: str) -> dict[str, Any]:
    """Return what every line has."""
    frame: dict[str, Any] = {"timestamp": datetime.now(UTC), "level": level, "service": service, "shop": shop}
    context = current.get()
    if context is not None:
        frame["request_id"] = context.request_id
        frame["trace_id"] = context.trace_id
    return frame


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> bytes:
    safe = redact_event(event)
    try:
        return orjson.dumps(safe, default=repr, option=orjson.OPT_UTC_Z)
    except TypeError:
        # Such as text that is no Unicode, or a huge number.
        return json.dumps(safe, default=str).encode()
