"""Connections that are replaced when they are old: what an autoscaler adds gets its share only of new ones."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Ageing(HTTPConnection):
    """Says that it is not connected when its time is over; the pool then closes it and opens another."""

    lifetime = 0.0
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def connect(self) -> None:
        super().connect()
        self._expires = self.clock() + self.lifetime * random.uniform(0.9, 1.0)

    @property
    def is_connected(self) -> bool:
        return super().is_connected and self.clock() < self._expires


def pool_manager(connections: int, lifetime: float, clock: Callable[[], float] = time.monotonic) -> urllib3.PoolManager:
    """Return a pool of kept connections, each of which is used for at most so long. Nothing is tried again by it.

    Args:
        connections: most that are kept for one host.
        lifetime: seconds (less up to a tenth, so that they do not go together).
        clock: monotonic clock.
    """
    ageing: dict[str, Any] = {"lifetime": lifetime, "clock": staticmethod(clock)}
    plain = type("AgeingConnection", (_Ageing,), ageing)
    secure = type("AgeingSecureConnection", (_Ageing, HTTPSConnection), ageing)
    manager = urllib3.PoolManager(maxsize=connections, retries=False)
    manager.pool_classes_by_scheme = {
        "http": type("AgeingPool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("AgeingSecurePool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
    return manager
