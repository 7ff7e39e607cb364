"""A sender that kills itself, as a process of its own: ``python doomed.py <boundary>``.

It sends what is due like the service does, and at the boundary with this number it gets SIGKILL: nothing is tidied up.
Without a number it prints the boundaries that it came by.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from notifications.postbox import Postbox
from notifications.service import SERVICE
from notifications.smtp import Connector, Session
from shopkit.app import create_app

STEPS: tuple[tuple[type[object], str], ...] = (
    (Postbox, "claim"),
    (Connector, "connect"),
    (Session, "_envelope"),
    (Postbox, "hand_over"),
    (Session, "_finish"),
    (Postbox, "sent"),
)
"""What the sender does for a mail; the boundaries are before and after each."""


def main() -> None:
    """Send until nothing is due, or until the end."""
    fatal = int(sys.argv[1]) if len(sys.argv) > 1 else None
    passed: list[str] = []

    def boundary(name: str) -> None:
        if len(passed) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        passed.append(name)

    def between_boundaries(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            boundary(f"before {name}")
            result = method(*arguments)
            boundary(f"after {name}")
            return result

        return called

    for kind, name in STEPS:
        setattr(kind, name, between_boundaries(name, getattr(kind, name)))
    app = create_app(SERVICE, os.environ)
    send = next(job for job in app.runtime.background.jobs if job.name == "send-mails")
    while send.work():
        pass
    sys.stderr.write("\n".join(passed))


if __name__ == "__main__":
    main()
