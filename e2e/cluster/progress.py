"""What a person sees: one line per step, its progress and its time."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TextIO

TICK_TERMINAL_SECONDS = 0.5
TICK_LOG_SECONDS = 15.0


def seconds(value: float) -> str:
    """A duration for people: `0.4 s`, `12 s`, `3 min 05 s`."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s"


class Step:
    """A step under way: a line that ticks until it ends. Use it as a context manager."""

    def __init__(self, title: str, out: TextIO, lock: threading.Lock) -> None:
        self._title, self._out, self._lock = title, out, lock
        self._detail = ""
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._terminal = out.isatty()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Step:
        if not self._terminal:
            self._write(f"… {self._title}\n")
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._ticker.join()
        mark = "✓" if kind is None else "✗"
        self._write(f"{self._clear()}{mark} {self._title} ({seconds(time.monotonic() - self._started)})\n")

    def update(self, detail: str) -> None:
        """Say what the step does right now."""
        changed, self._detail = detail != self._detail, detail
        if changed and not self._terminal:
            self._write(f"    {self._line()}\n")

    def _tick(self) -> None:
        interval = TICK_TERMINAL_SECONDS if self._terminal else TICK_LOG_SECONDS
        while not self._ended.wait(interval):
            if self._terminal:
                self._write(f"{self._clear()}… {self._title}: {self._line()}"[:200])
            else:
                self._write(f"    {self._line()}\n")

    def _line(self) -> str:
        elapsed = seconds(time.monotonic() - self._started)
        return f"{self._detail} ({elapsed})" if self._detail else elapsed

    def _clear(self) -> str:
        return "\r\x1b[2K" if self._terminal else ""

    def _write(self, text: str) -> None:
        with self._lock:
            self._out.write(text)
            self._out.flush()


class Progress:
    """Where the program tells what it does. `step` for what takes time, `note` for a single line."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._lock = threading.Lock()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show `title`, its elapsed time while the body runs, and how long it took."""
        with Step(title, self._out, self._lock) as step:
            yield step

    def note(self, text: str) -> None:
        """Print one line."""
        with self._lock:
            self._out.write(f"{text}\n")
            self._out.flush()
