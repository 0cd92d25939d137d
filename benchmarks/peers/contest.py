"""A contestant's driver in a fresh process of its own environment, and ratios within rounds."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import interpreter

FOLDER = Path(__file__).resolve().parent
KEEP = str(4 * 2**30)
ALLOCATOR = {  # glibc's, so that freed memory isn't handed back and faulted in again: a third faster for OpenNMT-py
    "MALLOC_TRIM_THRESHOLD_": KEEP,
    "MALLOC_MMAP_THRESHOLD_": KEEP,
    "MALLOC_TOP_PAD_": str(256 * 2**20),
}
Figures = dict[str, Any]


@dataclass(frozen=True)
class Contestant:
    """name        as the table has it
    driver      script beside this file
    peer        whose environment it runs in; None for this one
    arguments   of its own
    allocator   whether glibc is told to keep freed memory
    """

    name: str
    driver: str
    peer: str | None = None
    arguments: tuple[str, ...] = ()
    allocator: bool = False


def run(contestant: Contestant, arguments: Sequence[object], threads: int) -> Figures:
    """What the driver printed last, with the process's peak memory in MB. Exits where it fails."""
    python = sys.executable if contestant.peer is None else str(interpreter(contestant.peer))
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
    environment.update(ALLOCATOR if contestant.allocator else {})
    told = [*map(str, arguments), "--threads", str(threads), *contestant.arguments]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        process = subprocess.Popen(
            [python, str(FOLDER / contestant.driver), *told], stdout=said, stderr=complained, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complained.seek(0)
        if process.returncode:
            raise SystemExit(f"{contestant.name} failed on {told}:\n{complained.read()[-2000:]}")
        figures: Figures = json.loads(said.read().splitlines()[-1])
    return {**figures, "megabytes": usage.ru_maxrss / 1024}


def median(rounds: Sequence[Figures], key: str) -> float:
    """Of one figure over the rounds."""
    return statistics.median(each[key] for each in rounds)


def ratios(rounds: Sequence[Figures], base: Sequence[Figures], key: str) -> list[str]:
    """The median of the ratios within each round, and the least and the most of them, as cells of a table."""
    found = [mine[key] / its[key] for mine, its in zip(rounds, base, strict=True)]
    return [f"{statistics.median(found):.2f}", f"{min(found):.2f}–{max(found):.2f}"]
