"""Running programs: one way, with errors that name the program, its exit code and its last words."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

LAST_WORDS_LINES = 15
# A long program must not outlive this one when it is killed: the next run would meet it.
TIED = ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


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


def run(
    args: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | IO[bytes] | None = None,
    timeout: float | None = None,
    log: Path | None = None,
) -> str:
    """Run a program to its end and return its standard output.

    `env` is added to this process's environment. With `log` both outputs are appended to that file
    (and its last lines are what an error shows). Raises CommandFailed when the exit code is not 0, and
    Problem when the program is missing or takes longer than `timeout` seconds.
    """
    text = stdin if isinstance(stdin, str) else None
    source = None if text is not None else (stdin or subprocess.DEVNULL)
    try:
        if log is not None:
            return _run_logged(args, environment(env), cwd, source, text, timeout, log)
        done = subprocess.run(
            args,
            env=environment(env),
            cwd=cwd,
            stdin=source,
            input=text.encode() if text is not None else None,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise Problem(f"`{args[0]}` was not found: install it or put it on the PATH") from error
    except subprocess.TimeoutExpired as error:
        raise Problem(f"`{shlex.join(args)}` gave no answer within {timeout:.0f} s") from error
    output = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise CommandFailed(args, done.returncode, output + done.stderr.decode(errors="replace"))
    return output


def _run_logged(
    args: Sequence[str],
    env: dict[str, str],
    cwd: Path | None,
    source: IO[bytes] | int | None,
    text: str | None,
    timeout: float | None,
    log: Path,
) -> str:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        start = sink.tell()
        done = subprocess.run(
            args,
            env=env,
            cwd=cwd,
            stdin=source,
            input=text.encode() if text is not None else None,
            stdout=sink,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
    output = log.read_bytes()[start:].decode(errors="replace")
    if done.returncode != 0:
        raise CommandFailed(args, done.returncode, f"{output}\n(all of it: {log})")
    return output


def follow(
    args: Sequence[str],
    on_line: Callable[[str], None],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run a program and hand every line that it writes to `on_line` as it comes; all of it goes to `log` too.

    Raises CommandFailed when the exit code is not 0, Problem when the program is missing.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    lines: deque[str] = deque(maxlen=LAST_WORDS_LINES)
    try:
        process = subprocess.Popen(
            [*TIED, *args], env=environment(env), cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )
    except FileNotFoundError as error:
        raise Problem(f"`{args[0]}` was not found: install it or put it on the PATH") from error
    with process, log.open("a") as sink:
        assert process.stdout is not None
        for line in process.stdout:
            sink.write(line)
            lines.append(line)
            on_line(line.rstrip())
    if process.returncode != 0:
        raise CommandFailed(args, process.returncode, "".join(lines) + f"(all of it: {log})")


def succeeds(args: Sequence[str], *, env: Mapping[str, str] | None = None, timeout: float = 20) -> bool:
    """Whether a program exists and ends with exit code 0 within `timeout` seconds."""
    try:
        run(args, env=env, timeout=timeout)
    except Problem:
        return False
    return True
