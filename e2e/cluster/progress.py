"""What a person sees: a line per step with its progress and its time. Steps may run at the same time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

TICK_TERMINAL_SECONDS = 0.5
TICK_LOG_SECONDS = 20.0
TERMINAL_WIDTH = 160


def seconds(value: float) -> str:
    """A duration for people: `0.4 s`, `12 s`, `3 min 05 s`."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s"


class Step:
    """A step under way. `update` says what it does right now."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._started = time.monotonic()
        self._detail = ""

    def update(self, detail: str) -> None:
        """Say what the step does right now; shown at the next tick."""
        self._detail = detail

    @property
    def took(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def line(self) -> str:
        """The step as it stands."""
        detail = f": {self._detail}" if self._detail else ""
        return f"{self.title}{detail} ({seconds(self.took)})"


class Progress:
    """Where the program tells what it does: `step` for what takes time, `note` for a single line.

    On a terminal the running steps share one line that is redrawn; elsewhere (a log, CI) each has a line at
    its beginning and its end, and one every TICK_LOG_SECONDS between.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._terminal = self._out.isatty()
        self._lock = threading.Lock()
        self._running: list[Step] = []
        self._ticker: threading.Thread | None = None

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show `title`, its elapsed time while the body runs, and how long it took."""
        step = Step(title)
        self._begin(step)
        mark = "✗"
        try:
            yield step
            mark = "✓"
        finally:
            with self._lock:
                self._running.remove(step)
                self._print(f"{mark} {step.title} ({seconds(step.took)})")

    def note(self, text: str) -> None:
        """Print one line."""
        with self._lock:
            self._print(text)

    def _begin(self, step: Step) -> None:
        with self._lock:
            self._running.append(step)
            if not self._terminal:
                self._print(f"… {step.title}")
            if self._ticker is None:
                self._ticker = threading.Thread(target=self._tick, daemon=True)
                self._ticker.start()

    def _tick(self) -> None:
        interval = TICK_TERMINAL_SECONDS if self._terminal else TICK_LOG_SECONDS
        pause = threading.Event()
        while not pause.wait(interval):
            with self._lock:
                if self._terminal:
                    self._draw()
                else:
                    for step in self._running:
                        self._print(f"    {step.line()}")

    def _print(self, text: str) -> None:
        self._out.write(f"\r\x1b[2K{text}\n" if self._terminal else f"{text}\n")
        self._draw()
        self._out.flush()

    def _draw(self) -> None:
        if self._terminal:
            line = " | ".join(step.line() for step in self._running)
            self._out.write(f"\r\x1b[2K{line[:TERMINAL_WIDTH]}")
            self._out.flush()
