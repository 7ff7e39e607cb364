"""Load by vegeta (https://github.com/tsenart/vegeta), which sends at a fixed rate whether or not answers come."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from e2e.bench.latency import Outcome, Summary, summarise
from e2e.cluster import shell
from e2e.cluster.paths import Paths
from e2e.cluster.tools import GO_ENVIRONMENT

PACKAGE = "github.com/tsenart/vegeta/v12"
MODULE = Path(__file__).with_name("vegeta")
WORKERS = 256
TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Request:
    """One HTTP request of a load.

    Attributes:
        method: its method.
        path: path and query.
        body: sent as JSON unless None.
        headers: further ones.
    """

    method: str
    path: str
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def target(self, base: str) -> str:
        """Return it as a line of vegeta's JSON format."""
        body = None if self.body is None else json.dumps(self.body).encode()
        headers = {**self.headers, **({} if body is None else {"Content-Type": "application/json"})}
        line: dict[str, object] = {
            "method": self.method,
            "url": base + self.path,
            "header": {name: [value] for name, value in headers.items()},
        }
        if body is not None:
            line["body"] = base64.b64encode(body).decode()
        return json.dumps(line)


class Vegeta:
    """The program, built once by Go into the cache.

    Args:
        paths: where the cache is.
    """

    def __init__(self, paths: Paths) -> None:
        self._program = paths.cache / "bench" / "vegeta"
        if not self._program.exists():
            shell.run(["go", "build", "-trimpath", "-o", str(self._program), PACKAGE], cwd=MODULE, env=GO_ENVIRONMENT)

    def attack(
        self, base: str, requests: Sequence[Request], rate: int, seconds: int, workers: int = WORKERS
    ) -> Summary:
        """Send requests in turn, again and again.

        Args:
            base: URL without a path.
            requests: what is sent.
            rate: requests per second; 0 sends as many as `workers` connections can.
            seconds: how long.
            workers: connections at most.
        """
        limits = [f"-workers={min(workers, max(rate, 1))}", f"-max-workers={workers}"]
        attack = subprocess.run(
            [self._program, "attack", "-format=json", f"-rate={rate}", f"-duration={seconds}s", *limits,
             f"-timeout={TIMEOUT_SECONDS}s", f"-connections={workers}", "-max-body=0"],
            input="\n".join(request.target(base) for request in requests).encode(),
            capture_output=True,
            check=True,
        )  # fmt: skip
        lines = subprocess.run(
            [self._program, "encode", "-to=csv"], input=attack.stdout, capture_output=True, check=True
        ).stdout.decode()
        return summarise(outcomes(lines), rate, frozenset(("200", "201", "304")))


def outcomes(lines: str) -> list[Outcome]:
    """Read what `vegeta encode -to=csv` wrote: time in ns since 1970, status, latency in ns, and more."""
    rows = [line.split(",", 3) for line in lines.splitlines() if line]
    first = min((int(row[0]) for row in rows), default=0)
    return [Outcome((int(row[0]) - first) / 1e9, int(row[2]) / 1e9, row[1]) for row in rows]
