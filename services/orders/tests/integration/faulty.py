"""``python faulty.py <service>``: serves a service as `python -m shopkit serve` does, until it dies where it was told.

Boundaries are before and after each SQL statement, each commit and each call to another service; a boundary is named by
the function that makes it. In the folder FAULTS, `<service>.trace` gets the name of each that is passed; a file
`<service>.fault` with a name and a number kills the service by SIGKILL, all its processes, when that boundary is
reached for so many times.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shopkit.database import Database, Transaction
from shopkit.server import serve
from shopkit.upstream import Upstream

# They look for work all the time: only what they find is a step of an order.
POLLS = ("OrderRepository.claim", "ReservationRepository.due")


class Faults:
    """Counts boundaries, and ends the process at one.

    Args:
        service: whose boundaries these are.
        folder: where the files are.
    """

    def __init__(self, service: str, folder: Path) -> None:
        self._service = service
        self._trace = folder / f"{service}.trace"
        self._fault = folder / f"{service}.fault"
        self._lock = threading.Lock()
        self._told = ""
        self._passed = 0

    def maker(self) -> str | None:
        """Return the function of the service that the present one works for; None: it is shopkit's own."""
        frame = sys._getframe(2)
        while frame is not None:
            if str(frame.f_globals.get("__name__")).startswith(f"{self._service}."):
                return frame.f_code.co_qualname
            frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
        return None

    def boundary(self, name: str) -> None:
        """Pass a boundary, or die there."""
        with self._lock:
            with self._trace.open("a") as trace:
                trace.write(name + "\n")
            told = self._fault.read_text() if self._fault.exists() else ""
            if told != self._told:
                self._told, self._passed = told, 0
            wanted, _, number = told.partition("\t")
            if wanted != name:
                return
            self._passed += 1
            if self._passed == int(number):
                self._fault.unlink()
                os.killpg(os.getpgid(0), signal.SIGKILL)

    def around(self, method: Callable[..., Any], what: Callable[[str, tuple[Any, ...]], str]) -> Callable[..., Any]:
        """Return a method with boundaries before and after it."""

        def called(*arguments: Any, **named: Any) -> Any:
            maker = self.maker()
            if maker is None:
                return method(*arguments, **named)
            name = what(maker, arguments)
            if maker not in POLLS:
                self.boundary(f"before {name}")
            result = method(*arguments, **named)
            if maker not in POLLS or result:
                self.boundary(f"after {name}")
            return result

        return called


def statement(maker: str, arguments: tuple[Any, ...]) -> str:
    """Return the name of a statement: who makes it, and to what it changes something."""
    values = arguments[2] if len(arguments) > 2 and isinstance(arguments[2], dict) else {}
    reached = values.get("state") or values.get("status")
    return f"statement of {maker}" + (f" to {reached}" if reached else "")


def install(faults: Faults) -> None:
    """Put boundaries around all that leaves the process."""
    for kind in (Database, Transaction):
        for name in ("fetch_one", "fetch_all", "execute"):
            if name in vars(kind):
                setattr(kind, name, faults.around(getattr(kind, name), statement))
    Upstream.call = faults.around(  # type: ignore[method-assign]
        Upstream.call, lambda maker, arguments: f"call of {maker} ({str(arguments[2]).rpartition('/')[2][:16]})"
    )
    plain = Database.transaction

    @contextmanager
    def transaction(database: Database) -> Iterator[Transaction]:
        maker = faults.maker()
        with plain(database) as tx:
            yield tx
            if maker is not None:
                faults.boundary(f"before commit of {maker}")
        if maker is not None:
            faults.boundary(f"after commit of {maker}")

    Database.transaction = transaction  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    install(Faults(sys.argv[1], Path(os.environ["FAULTS"])))
    serve(sys.argv[1], os.environ)
