"""kubectl, against one context."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from e2e.cluster import shell

DEFAULT_TIMEOUT = 120.0


@dataclass(frozen=True)
class Kubectl:
    """kubectl at `program`, always told which context to use."""

    program: Path
    context: str

    def run(self, *args: str, stdin: str | None = None, timeout: float = DEFAULT_TIMEOUT) -> str:
        """`kubectl <args>`; returns its standard output. Raises CommandFailed or Problem."""
        return shell.run([str(self.program), "--context", self.context, *args], stdin=stdin, timeout=timeout)

    def answers(self) -> bool:
        """Whether the API server answers."""
        command = [
            str(self.program),
            "--context",
            self.context,
            "--request-timeout=10s",
            "get",
            "--raw",
            "/readyz",
        ]
        return shell.succeeds(command, timeout=20)
