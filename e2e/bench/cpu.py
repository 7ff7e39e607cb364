"""CPU time of processes, from /proc: of a process with all its children, or of all processes of a pod."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")


def of_trees(roots: Iterable[int]) -> float:
    """Return the CPU seconds that processes and their living descendants have used so far."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for pid in _processes():
        stat = _stat(pid)
        if stat is not None:
            parent, used[pid] = stat
            children.setdefault(parent, []).append(pid)
    todo, total, seen = list(roots), 0.0, set[int]()
    while todo:
        pid = todo.pop()
        if pid not in seen:
            seen.add(pid)
            total += used.get(pid, 0.0)
            todo += children.get(pid, [])
    return total


def of_pods(uids: Iterable[str]) -> dict[str, float]:
    """Return the CPU seconds that the living processes of pods have used so far, by the pods' UIDs.

    It works where the node's processes are this machine's, as in a kind cluster.
    """
    # cgroup drivers differ in whether they keep the dashes of a UID.
    marks = {uid: (f"pod{uid}", f"pod{uid.replace('-', '_')}") for uid in uids}
    total = dict.fromkeys(marks, 0.0)
    for pid in _processes():
        try:
            group = Path(f"/proc/{pid}/cgroup").read_text()
        except OSError:
            continue
        stat = _stat(pid)
        for uid, names in marks.items():
            if stat is not None and any(name in group for name in names):
                total[uid] += stat[1]
    return total


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stat(pid: int) -> tuple[int, float] | None:
    """Return a process's parent and its CPU seconds with those of children that it waited for; None if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name is in parentheses and may hold anything; the fields after it are numbered as in proc(5).
    fields = text.rpartition(")")[2].split()
    return int(fields[1]), sum(int(field) for field in fields[11:15]) * _TICK
