"""Whether this process is on its way out. The server sets it, probes and responses read it."""

from __future__ import annotations

import threading

_draining = threading.Event()


def draining() -> bool:
    """Tell whether the process takes leave: not ready any more, connections are not kept."""
    return _draining.is_set()


def wait_for_drain(seconds: float) -> bool:
    """Wait this long for the process to take leave, and tell whether it does."""
    return _draining.wait(seconds)


def begin_drain() -> None:
    """From now on be not ready and let go of each connection after its answer."""
    _draining.set()


def reset() -> None:
    """Forget the drain (for tests in one process)."""
    _draining.clear()
