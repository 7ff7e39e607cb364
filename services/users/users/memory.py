"""How the C library keeps the memory of password hashes."""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3  # <malloc.h>
_LARGE = 1 << 20


def give_back_large_blocks() -> None:
    """Let the process return each large block to the system when it is freed.

    Left alone, glibc keeps a freed block of such a size for the thread that used it: after a rush every thread sits on
    its own 19 MiB, and with 32 of them that was 540 MiB. The price is about 8 ms of CPU for a hash, which has to get
    its memory anew. C libraries without this function (musl, macOS) are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
