"""Running programs: one way, with errors that name the program, its exit code and its last words."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

LAST_WORDS_LINES = 15
# A long program must not outlive this one when it is killed: the next run would meet it.
TIED = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()

_followed: set[subprocess.Popen[str]] = set()
_stopping = threading.Event()


class Problem(Exception):
    """Something a person must know: the message names the cause and the fix, and is shown without a traceback."""


class CommandFailed(Problem):
    """A program ended with an error; `output` is what it wrote."""

    def __init__(self, args: Sequence[str], code: int, output: str) -> None:
        self.code = code
        self.output = output
        super().__init__(f"`{shlex.join(args)}` failed with exit code {code}:\n{last_words(output)}")


def last_words(output: str) -> str:
    """The last lines of a program's output, indented, for an error message."""
    lines = [line.rstrip() for line in output.strip().splitlines()][-LAST_WORDS_LINES:]
    return "\n".join(f"    {line}" for line in lines) if lines else "    (no output)"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of this process with `extra` on top."""
    return {**os.environ, **(extra or {})}


def not_found(program: str) -> Problem:
    """The problem of a program that is not there."""
    return Problem(f"`{program}` was not found: install it or put it on the PATH")


def run(
    args: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | IO[bytes] | None = None,
    timeout: float | None = None,
) -> str:
    """Run a program to its end and return its standard output.

    `env` is added to this process's environment. Raises CommandFailed when the exit code is not 0, and
    Problem when the program is missing or takes longer than `timeout` seconds.
    """
    try:
        with subprocess.Popen(
            args,
            env=environment(env),
            cwd=cwd,
            stdin=subprocess.PIPE if isinstance(stdin, str) else (stdin or subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            return _finish(args, process, stdin.encode() if isinstance(stdin, str) else None, timeout)
    except FileNotFoundError as error:
        raise not_found(args[0]) from error


def _finish(args: Sequence[str], process: subprocess.Popen[bytes], stdin: bytes | None, timeout: float | None) -> str:
    try:
        stdout, stderr = process.communicate(stdin, timeout)
    except subprocess.TimeoutExpired as error:
        process.kill()
        raise Problem(f"`{shlex.join(args)}` gave no answer within {timeout:.0f} s") from error
    output = stdout.decode(errors="replace")
    if process.returncode != 0:
        raise CommandFailed(args, process.returncode, output + stderr.decode(errors="replace"))
    return output


def follow(
    args: Sequence[str],
    on_line: Callable[[str], None],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run a long program and hand every line that it writes to `on_line` as it comes; all of it goes to `log` too.

    It is killed when this process dies. Raises CommandFailed when the exit code is not 0, Problem when the
    program is missing.
    """
    if shutil.which(args[0]) is None:
        raise not_found(args[0])
    if _stopping.is_set():
        raise Problem(f"`{args[0]}` was not started, because something else failed")
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: deque[str] = deque(maxlen=LAST_WORDS_LINES)
    with (
        log.open("a", encoding="utf-8") as sink,
        subprocess.Popen(
            [*TIED, *args],
            env=environment(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        _followed.add(process)
        if _stopping.is_set():
            process.kill()
        for line in process.stdout or ():
            sink.write(line)
            lines.append(line)
            on_line(line.rstrip())
    _followed.discard(process)
    if process.returncode != 0:
        raise CommandFailed(args, process.returncode, "".join(lines) + f"(all of it: {log})")


def stop_followed() -> None:
    """Kill the long programs that are followed, and start no more: something failed, and this process is to end."""
    _stopping.set()
    for process in tuple(_followed):
        process.kill()


def succeeds(args: Sequence[str], *, env: Mapping[str, str] | None = None, timeout: float = 20) -> bool:
    """Whether a program exists and ends with exit code 0 within `timeout` seconds."""
    try:
        run(args, env=env, timeout=timeout)
    except Problem:
        return False
    return True
