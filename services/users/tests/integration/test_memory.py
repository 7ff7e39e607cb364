"""A rush of logins leaves the process as small as it was."""

from __future__ import annotations

import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from users.memory import give_back_large_blocks
from users.passwords import Passwords
from users.settings import HashSettings
from users.slots import Slots

THREADS = 12
HASH_BYTES = HashSettings().argon2_memory_kib * 1024


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_the_memory_of_hashes_is_given_back_by_every_thread() -> None:
    give_back_large_blocks()
    passwords = Passwords(HashSettings(argon2_time_cost=1), Slots(size=2, queue=THREADS, wait=60))
    # All threads live at the same time, so each has a heap of its own in the C library.
    together = threading.Barrier(THREADS)

    def work(_number: int) -> None:
        together.wait(30)
        # The second hash shows what the C library learned from the first one's end.
        for _ in range(2):
            assert not passwords.check(None, "correct horse").matches

    before = resident_bytes()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(work, range(THREADS)))
        after = resident_bytes()
    assert after - before < HASH_BYTES
