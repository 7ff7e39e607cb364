"""Logs: one JSON object a line on stdout, with what ties the lines of one request together. No bodies, no tokens."""

from __future__ import annotations

import logging
import logging.config
import sys
from typing import Any

import orjson
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from shopkit.context import current


def configure(level: str, service: str, shop: str) -> None:
    """Send all logging of this process, structlog's and the standard library's, to stdout as JSON."""
    logging.config.dictConfig(dictionary(level, service, shop))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            *_shared(service, shop),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def dictionary(level: str, service: str, shop: str) -> dict[str, Any]:
    """Return the configuration for `logging.config.dictConfig`; the servers take it as well."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": _formatter, "service": service, "shop": shop}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": sys.stdout, "formatter": "json"}},
        "root": {"level": level, "handlers": ["stdout"]},
    }


def _formatter(service: str, shop: str) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, structlog.stdlib.ExtraAdder(), *_shared(service, shop)],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _render,
        ],
    )


def _shared(service: str, shop: str) -> list[Processor]:
    def correlate(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        event["shop"] = shop
        context = current.get()
        if context is not None:
            event["request_id"] = context.request_id
            event["trace_id"] = context.trace_id
        return event

    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        correlate,
    ]


def _render(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return orjson.dumps(event, default=repr).decode()
