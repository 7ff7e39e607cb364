"""What machine the figures belong to."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """The machine of a run.

    Attributes:
        cpu: model of the processor.
        cores: number of processors that the kernel offers.
        memory_mib: memory in MiB.
        kernel: its release.
        python: version of the interpreter that ran the services outside a cluster.
        load_before: the load average of the last minute when the run began.
    """

    cpu: str
    cores: int
    memory_mib: int
    kernel: str
    python: str
    load_before: float

    def as_dict(self) -> dict[str, object]:
        """Return it as it is written to results files."""
        return asdict(self)


def describe() -> Machine:
    """Look at this machine (Linux)."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return Machine(
        cpu=model.group(1) if model else platform.machine(),
        cores=os.cpu_count() or 1,
        memory_mib=int(memory.group(1)) // 1024 if memory else 0,
        kernel=platform.release(),
        python=platform.python_version(),
        load_before=round(os.getloadavg()[0], 2),
    )
