"""What a process holds, at rest: and whether that grows with the jobs it has done."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

STATM, LINKS = Path("/proc/self/statm"), Path("/proc/self/fd")


@frozen(kw_only=True)
class Held:
    """One moment at rest."""

    jobs: int  #: done by then
    tasks: int
    sockets: int | None  #: None: this system does not tell
    rss: int | None  #: bytes; None: this system does not tell
    blocks: int  #: of memory that the interpreter has handed out: what is left of a job shows here first
    in_hand: int  #: jobs of the hub

    @classmethod
    def now(cls, jobs: int, in_hand: int = 0) -> Held:
        """Look; what is garbage is collected first, and what the allocator keeps for later is given back."""
        gc.collect()
        _give_back()
        return cls(
            jobs=jobs,
            tasks=len(asyncio.all_tasks()),
            sockets=sockets(),
            rss=int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if STATM.exists() else None,
            blocks=sys.getallocatedblocks(),
            in_hand=in_hand,
        )


def _give_back() -> None:
    """Have the C library give back its free pages, if it is one that can: else the resident set counts them too."""
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if give_back is not None:
        give_back(0)


def sockets() -> int | None:
    """Count the process's sockets."""
    if not LINKS.is_dir():
        return None
    found = 0
    for name in os.listdir(LINKS):
        try:
            found += os.readlink(LINKS / name).startswith("socket:")
        except OSError:  # the one that listed them
            continue
    return found


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return by how much the second grows with the first: the line of least squares."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
