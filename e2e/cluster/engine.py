"""The container engine: found, installed or started, and stopped again if it was us who started it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from e2e.cluster import bounded, docker, packages, shell
from e2e.cluster.docker import Docker
from e2e.cluster.paths import Paths
from e2e.cluster.progress import Progress, Step
from e2e.cluster.shell import Problem, last_words

SOCKET = Path("/var/run/docker.sock")
START_SECONDS = 60.0
STOP_SECONDS = 60.0
PACKAGES = ("docker.io", "containerd", "runc", "iptables", "pigz")
RUNTIME_FOLDER = Path("/var/run/docker/containerd")


def ensure(paths: Paths, progress: Progress) -> Docker:
    """A client to a running engine; installs and starts the engine where we may.

    Raises Problem with what to do where we may not.
    """
    if not docker.clients() or not reachable():
        _mend(paths, progress)
    return docker.choose()


def reachable() -> bool:
    """Whether an engine answers."""
    return any(shell.succeeds([program, "version"], timeout=docker.PROBE_TIMEOUT) for program in docker.clients())


def _mend(paths: Paths, progress: Progress) -> None:
    refusal = _refusal()
    if os.environ.get("DOCKER_HOST"):
        raise Problem(f"no container engine answers at DOCKER_HOST={os.environ['DOCKER_HOST']}: start it, or unset it")
    if os.geteuid() != 0:
        raise Problem(explain_unprivileged(refusal, SOCKET.exists()))
    if shutil.which("dockerd") is None or shutil.which("docker") is None:
        packages.install(PACKAGES, paths, progress, why="the Docker engine")
    with progress.step("Start the Docker engine") as step:
        if Path("/run/systemd/system").is_dir():
            shell.run(["systemctl", "start", "docker"])
            _wait(paths, step, None)
        else:
            _wait(paths, step, None if _alive(paths) else _start(paths))


def _refusal() -> str:
    for program in docker.clients():
        try:
            shell.run([program, "version"], timeout=docker.PROBE_TIMEOUT)
        except Problem as problem:
            return str(problem)
    return ""


def explain_unprivileged(refusal: str, socket_exists: bool) -> str:
    """The sentence for a user who cannot reach the engine and may not start it."""
    if "permission denied" in refusal.lower():
        return (
            "this user may not talk to the Docker engine: add it to the docker group "
            "(`sudo usermod -aG docker $USER`, then log in again), or run this as root"
        )
    if refusal or socket_exists:
        return "the Docker engine does not answer: start it (`sudo systemctl start docker`), or run this as root"
    return "Docker is not installed: install it (`sudo apt-get install docker.io`), or run this as root"


def _start(paths: Paths) -> subprocess.Popen[bytes]:
    """Start dockerd so that it outlives this program and its shell."""
    _forget_dead(_pid_file(paths), "dockerd")
    _forget_dead(Path("/var/run/docker.pid"), "dockerd")
    _forget_dead(RUNTIME_FOLDER / "containerd.pid", "containerd")
    command = ["dockerd", "--pidfile", str(_pid_file(paths)), *_runtime(paths)]
    paths.logs.mkdir(parents=True, exist_ok=True)
    with _log(paths).open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True
        )


def _runtime(paths: Paths) -> list[str]:
    """The options that make privileged containers possible where this machine lacks a capability."""
    mask = bounded.bounding_set(Path("/proc/self/status").read_text())
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    if is_full(mask, last):
        return []
    paths.run.mkdir(parents=True, exist_ok=True)
    wrapper = paths.run / "bounded-runc"
    source = Path(bounded.__file__).read_text()
    wrapper.write_text(f"#!{sys.executable} -IS\n{source}")
    wrapper.chmod(0o755)
    return ["--add-runtime", f"bounded={wrapper}", "--default-runtime", "bounded"]


def is_full(mask: int, last: int) -> bool:
    """Whether a capability set holds every capability up to number `last`."""
    return mask & (full := (1 << (last + 1)) - 1) == full


def _wait(paths: Paths, step: Step, started: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not reachable():
        if time.monotonic() > deadline or (started is not None and started.poll() is not None):
            log = _log(paths)
            words = last_words(log.read_text(errors="replace")) if log.exists() else ""
            raise Problem(f"the Docker engine did not start (log: {log}):\n{words}")
        step.update("waiting for it to answer")
        time.sleep(0.3)


def ours_left(paths: Paths) -> bool:
    """Whether an engine that we started was here and is gone: what it kept is still on the disk."""
    return _pid_file(paths).exists()


def stop(paths: Paths, progress: Progress) -> None:
    """Stop the engine if we started it; a foreign one is left alone."""
    pid = _alive(paths)
    if pid is None:
        return
    with progress.step("Stop the Docker engine that we started"):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while _alive(paths) is not None:
            if time.monotonic() > deadline:
                raise Problem(f"dockerd (process {pid}) did not stop within {STOP_SECONDS:.0f} s: see {_log(paths)}")
            time.sleep(0.2)


def _alive(paths: Paths) -> int | None:
    """The process id of the dockerd that we started, if it runs."""
    pid = _read_pid(_pid_file(paths))
    return pid if pid is not None and _is(pid, "dockerd") else None


def _forget_dead(pid_file: Path, name: str) -> None:
    """Remove a process id file that a crash or a restart left behind: its number may be anyone's by now."""
    pid = _read_pid(pid_file)
    if pid is None or not _is(pid, name):
        pid_file.unlink(missing_ok=True)


def _read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text())
    except (OSError, ValueError):
        return None


def _is(pid: int, name: str) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    command, state = stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") + 2]
    return command == name and state != "Z"


def _pid_file(paths: Paths) -> Path:
    paths.run.mkdir(parents=True, exist_ok=True)
    return paths.run / "dockerd.pid"


def _log(paths: Paths) -> Path:
    return paths.logs / "dockerd.log"
