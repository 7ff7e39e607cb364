#!/usr/bin/env python3
"""An OCI runtime: runc, asked only for what this machine can give.

Where the kernel's capability bounding set lacks something (a locked-down virtual machine, a container), runc
refuses every privileged container. This wrapper takes the capabilities that cannot be had out of the request,
and a negative oom_score_adj with CAP_SYS_RESOURCE missing, and hands over to runc. It runs as a program of its
own, copied beside the engine's files; standard library only, no imports from this package.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

# By number, as in linux/capability.h.
CAPABILITIES = """
    CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
    NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT
    SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP
    MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
"""


def bounding_set(status: str) -> int:
    """The capability bounding set in the text of /proc/<pid>/status."""
    for line in status.splitlines():
        if line.startswith("CapBnd:"):
            return int(line.split()[1], 16)
    raise ValueError("no CapBnd line")


def names(mask: int) -> set[str]:
    """The names of the capabilities in a set, as an OCI runtime spells them."""
    return {f"CAP_{name}" for number, name in enumerate(CAPABILITIES.split()) if mask >> number & 1}


def bound(process: dict[str, Any], allowed: set[str]) -> None:
    """Take out of an OCI process what is not in `allowed`."""
    for kind, wanted in (process.get("capabilities") or {}).items():
        process["capabilities"][kind] = [name for name in wanted or [] if name in allowed]
    if process.get("oomScoreAdj", 0) < 0 and "CAP_SYS_RESOURCE" not in allowed:
        del process["oomScoreAdj"]


def target(args: list[str]) -> tuple[Path, bool] | None:
    """The file that describes the process in runc's arguments, and whether it is inside a bundle."""
    command = next((word for word in args if word in ("create", "run", "exec", "restore")), None)
    options = {"exec": ("--process", "-p")}.get(command or "", ("--bundle", "-b"))
    for word, following in zip(args, [*args[1:], ""], strict=True):
        for option in options:
            value = following if word == option else word.removeprefix(f"{option}=")
            if command and value != word:
                return (Path(value), False) if command == "exec" else (Path(value) / "config.json", True)
    return None


def rewrite(path: Path, in_bundle: bool, allowed: set[str]) -> None:
    """Bound the process in the file at `path`, in place."""
    document = json.loads(path.read_bytes())
    bound(document["process"] if in_bundle else document, allowed)
    path.write_text(json.dumps(document))


def main(args: list[str]) -> None:
    """Bound what runc's arguments name, then become runc."""
    found = target(args)
    if found is not None:
        path, in_bundle = found
        rewrite(path, in_bundle, names(bounding_set(Path("/proc/self/status").read_text())))
    os.execvp("runc", ["runc", *args])


if __name__ == "__main__":
    main(sys.argv[1:])
