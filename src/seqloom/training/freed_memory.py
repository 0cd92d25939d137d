"""Freed memory that the process keeps, handed back when it has become much.

Kept memory is quick to use again (`machine.keep_freed_memory`), but batches of ever other shapes fit worse and worse
into the holes between what stays, and the process would grow for hours.
"""

import ctypes
import platform
import sys
from collections.abc import Callable
from pathlib import Path

GROWTH = 1.4  # of the process since what it kept was handed back
PAUSE = 50  # updates from one time to the next at least: it costs about half of one


class FreedMemory:
    """What a process keeps beyond what an update needs.

    resident  the memory that the process holds, in any unit
    trim      hands back what is free; by default glibc's, and nothing elsewhere
    """

    def __init__(
        self, resident: Callable[[], int] | None = None, trim: Callable[[], None] | None = None
    ) -> None:
        self.resident = resident or resident_pages
        self.trim = trim or glibc_trim()
        self.needed = 0  # by one update after the last trim
        self.updates = 0  # since then

    def after_update(self) -> None:
        """Hand back what is free if the process has grown by GROWTH since it last did, PAUSE updates ago or more."""
        if self.trim is None:
            return
        self.updates += 1
        if self.updates == 1:
            self.needed = self.resident()
        elif self.updates > PAUSE and self.resident() > GROWTH * self.needed:
            self.trim()
            self.updates = 0


def resident_pages(statm: Path = Path("/proc/self/statm")) -> int:
    """Pages of this process that are in memory, by Linux."""
    return int(statm.read_text().split()[1])


def glibc_trim() -> Callable[[], None] | None:
    """The C library's call that hands back every free page, None where it is not glibc."""
    if not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.malloc_trim(0)
