"""A shop of real processes that can be killed at any step, and the books that have to agree whatever happens."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg2
import urllib3

from shopkit.testing.postgres import Templates, free_port
from shopkit.testing.process import ServerProcess
from shopkit.testing.tokens import INTERNAL_TOKEN, ISSUER, Tokens
from shopkit.testing.upstream import FakeUpstream
from shopkit.testing.waiting import wait_for
from tests.integration import faulty

SERVICES = ("inventory", "payments", "orders")
LAMP = "0197f0a0-0000-7000-8000-000000000001"
STOCK, PIECES = 100_000, 2
# Further repetitions of a step are the same again: the worker tries until the order has ended.
MOST = 2
SHORT = {
    "RESERVATION_TTL_SECONDS": "2",
    "RESERVATION_SWEEP_SECONDS": "0.1",
    "SAGA_POLL_SECONDS": "0.05",
    "SAGA_IDLE_SECONDS": "0.4",
    "SAGA_BACKOFF_SECONDS": "0.1",
    "SAGA_BACKOFF_MAX_SECONDS": "0.5",
    "PAYMENT_DEADLINE_SECONDS": "1",
    "SANDBOX_LATE_SECONDS": "0.3",
    "BREAKER_SECONDS": "0.2",
    "LOG_LEVEL": "ERROR",
}


@dataclass(frozen=True)
class Fault:
    """A service dies when a boundary is reached for so many times."""

    service: str
    boundary: str
    number: int

    def __str__(self) -> str:
        return f"{self.service} {self.boundary} #{self.number}"


class FaultyProcess(ServerProcess):
    """A service that can be told where to die."""

    def __init__(self, name: str, environ: Mapping[str, str], log: Path, port: int) -> None:
        super().__init__(name, environ, log, port)
        self._command = [sys.executable, str(Path(faulty.__file__)), name]


class FaultShop:
    """Orders, inventory and payments as processes; use it as a context manager.

    Args:
        templates: maker of their databases.
        tokens: maker of tokens.
        folder: for logs and faults.
        changed: settings that differ from `SHORT`.
    """

    def __init__(self, templates: Templates, tokens: Tokens, folder: Path, **changed: str) -> None:
        self._settings = {**SHORT, **changed}
        self._databases = {name: templates.create(name, {}) for name in SERVICES}
        self._tokens = tokens
        self._folder = folder
        self._ports = {name: free_port() for name in SERVICES}
        self._others = FakeUpstream()
        self._processes: dict[str, FaultyProcess] = {}
        self._http = urllib3.PoolManager(retries=False, timeout=20.0)
        self._stack = ExitStack()

    def send(self, path: str, body: Any, user: str) -> tuple[int, Any]:
        """POST to orders as a shopper whose client does not try again; status 0: no answer."""
        url = f"http://127.0.0.1:{self._ports['orders']}/api/v1/orders{path}"
        try:
            answer = self._http.request("POST", url, json=body, headers=self._tokens.user(user))
        except urllib3.exceptions.HTTPError:
            return 0, None
        return answer.status, answer.json()

    def trace(self, act: Callable[[], None]) -> list[Fault]:
        """Do something without a fault, and return all faults that there can be while it is done."""
        return [
            Fault(name, boundary, number)
            for name, passed in self.passed(act).items()
            for boundary, times in passed.items()
            for number in range(1, min(times, MOST) + 1)
        ]

    def passed(self, act: Callable[[], None]) -> dict[str, Counter[str]]:
        """Do something, and return how often each service has passed which boundaries until all orders have ended."""
        traces = {name: self._folder / f"{name}.trace" for name in SERVICES}
        for trace in traces.values():
            trace.write_text("")
        act()
        self.settle()
        return {name: Counter(trace.read_text().splitlines()) for name, trace in traces.items()}

    def suffer(self, fault: Fault, act: Callable[[], None]) -> bool:
        """Do something while a service dies; tell whether it died. All orders have ended then."""
        told = self._folder / f"{fault.service}.fault"
        told.write_text(f"{fault.boundary}\t{fault.number}")
        act()
        wait_for(lambda: not told.exists() or self.settled(), f"{fault} or the end of all orders")
        # The last step of all is seen in the database before its process dies.
        died = self._has_died(fault, told)
        if died:
            self._start(fault.service)
        self.settle()
        return died

    def _has_died(self, fault: Fault, told: Path) -> bool:
        process = self._processes[fault.service].process
        if told.exists():
            try:
                wait_for(lambda: not told.exists(), str(fault), seconds=0.5)
            except TimeoutError:
                told.unlink()
                return False
        process.wait()
        return True

    def settle(self) -> None:
        """Wait until all orders have ended by themselves."""
        wait_for(self.settled, "all orders to end")

    def settled(self) -> bool:
        """Tell whether all orders have ended, and nothing is left of them elsewhere."""
        final = "('rejected', 'confirmed', 'payment_failed', 'cancelled', 'expired')"
        return not (
            self.read("orders", f"SELECT FROM orders WHERE state NOT IN {final}")
            or self.read("inventory", "SELECT FROM reservations WHERE status = 'reserved'")
        )

    def read(self, service: str, statement: str) -> list[tuple[Any, ...]]:
        """Return rows of a service's database."""
        with closing(psycopg2.connect(self._databases[service])) as opened, opened.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def _start(self, name: str) -> None:
        environ = {
            **self._settings,
            "FAULTS": str(self._folder),
            "DATABASE_URL": self._databases[name],
            "JWT_ISSUER": ISSUER,
            "INTERNAL_TOKEN": INTERNAL_TOKEN,
            "AMQP_URL": "amqp://nobody:nothing@127.0.0.1:9/%2F",
            "USERS_URL": self._others.url,
            "PRODUCTS_URL": self._others.url,
            "INVENTORY_URL": f"http://127.0.0.1:{self._ports['inventory']}",
            "PAYMENTS_URL": f"http://127.0.0.1:{self._ports['payments']}",
        }
        log = self._folder / f"{name}.log"
        process = FaultyProcess(name, environ, log, self._ports[name])
        self._processes[name] = self._stack.enter_context(process)

    def __enter__(self) -> Self:
        self._stack.enter_context(self._others)
        self._others.answer("GET", "/.well-known/jwks.json", 200, self._tokens.jwks())
        lamp = {"id": LAMP, "name": "Lamp", "price": 1999, "currency": "EUR"}
        self._others.answer("GET", f"/api/v1/products/{LAMP}", 200, lamp)
        for name in SERVICES:
            self._start(name)
        url = f"http://127.0.0.1:{self._ports['inventory']}/api/v1/inventory/{LAMP}"
        assert self._http.request("POST", url, json={"quantity": STOCK}, headers=self._tokens.admin()).status == 200
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.clear()
        self._stack.close()
