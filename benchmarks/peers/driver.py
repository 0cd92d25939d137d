"""What the contestants' drivers have in common: their arguments, and how a search is timed.

Imported by the drivers, which run in the peers' environments: no more than numpy is imported here.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from shapes import END, PRESETS, SHAPES, Ids, TokenBatch, exchanged

WARMUP = 4  # batches searched before the clock starts
Given = TypeVar("Given")
Found = TypeVar("Found")


def training_arguments(description: str | None) -> argparse.ArgumentParser:
    """Those of every train_*.py."""
    parser = _arguments(description, "batches")
    parser.add_argument("--warmup", type=int, default=20, help="updates before the clock starts")
    parser.add_argument("--updates", type=int, default=100, help="updates that are timed")
    return parser


def search_arguments(description: str | None) -> argparse.ArgumentParser:
    """Those of every search_*.py."""
    parser = _arguments(description, "weights", "batches")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--longest", type=int, default=60, help="most symbols of an output")
    return parser


def _arguments(description: str | None, *files: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("shape", choices=[*SHAPES, *PRESETS])
    for name in files:
        parser.add_argument(name, type=Path)
    parser.add_argument("--threads", type=int, default=2)
    return parser


def time_search(
    batches: Sequence[TokenBatch],
    prepare: Callable[[TokenBatch], Given],
    search: Callable[[Given], Found],
    outputs: Callable[[Found], list[list[int]]],
) -> None:
    """Search a little to warm up, then all the batches timed; print sentences a second and what was found as JSON.

    prepare  a batch as the contestant takes it; not timed
    outputs  of what was found, the best of each sentence in seqloom's ids; not timed
    """
    for batch in batches[:WARMUP]:
        search(prepare(batch))
    seconds, written = 0.0, []
    for batch in batches:
        given = prepare(batch)
        started = time.perf_counter()
        found = search(given)
        seconds += time.perf_counter() - started
        written += outputs(found)
    print(json.dumps({"sentences_per_second": len(written) / seconds, "outputs": written}))


def peer_output(ids: Ids) -> list[int]:
    """An output of a peer in seqloom's ids, without </s>."""
    return [int(token) for token in exchanged(ids[ids != END])]
