"""What a run wrote about itself (metrics.jsonl, samples.jsonl), read as series of numbers.

A run may have been killed while it wrote a line, and a resumed run writes some updates a second time: broken lines
are counted and passed over, and of rows for the same update the last one holds.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import ResourceError
from seqloom.metrics.measure import TITLES

Row = Mapping[str, object]


@dataclass(frozen=True)
class RunLog:
    """rows: what was read, in order; broken: how many lines were no JSON object."""

    rows: list[Row]
    broken: int = 0


@dataclass(frozen=True)
class Series:
    """One curve: a value at each of some updates, both (N,), updates rising."""

    updates: NDArray[np.float64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.updates)


def read_log(path: Path) -> RunLog:
    """Read a .jsonl file of a run; a file that isn't there yet has no rows. Raises ResourceError."""
    rows: list[Row] = []
    broken = 0
    try:
        with path.open("rb") as stream:
            for line in stream:
                row = _row(line)
                if row is not None:
                    rows.append(row)
                else:
                    broken += bool(line.strip())
    except FileNotFoundError:
        return RunLog([])
    except OSError as error:
        raise ResourceError(f"Can't read {path}: {error.strerror or error}.") from error
    return RunLog(rows, broken)


def series(rows: Iterable[Row], event: str, name: str) -> Series:
    """The values of a name over the updates, from rows of one event; rows without a finite number are left out."""
    found: dict[float, float] = {}
    for row in rows:
        update, value = number(row.get("update")), number(row.get(name))
        if row.get("event") == event and update is not None and value is not None:
            found[update] = value
    order = sorted(found)
    return Series(
        np.array(order, dtype=np.float64), np.array([found[key] for key in order], dtype=np.float64)
    )


def number(value: object) -> float | None:
    """A finite number as float, or None (true and false are no numbers here)."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def last_of(rows: Sequence[Row], event: str) -> Row | None:
    """The last row of an event, or None."""
    return next((row for row in reversed(rows) if row.get("event") == event), None)


def main_metric(rows: Iterable[Row]) -> str | None:
    """The metric that a run is judged by: the first of those that its rows have; None where none was measured."""
    found = {name for row in rows for name in row if number(row.get(name)) is not None}
    return next((name for name in TITLES if name in found), None)


def best_validation(rows: Iterable[Row]) -> Row | None:
    """The validation row that the run kept; where none says so, that of the highest score, or else the lowest loss."""
    validations = [row for row in rows if row.get("event") == "validation"]
    kept = [row for row in validations if row.get("best") is True]
    if kept:
        return kept[-1]
    name = main_metric(validations)
    if name is not None:
        measured = [row for row in validations if number(row.get(name)) is not None]
        return max(measured, key=lambda row: number(row.get(name)) or 0.0)
    with_loss = [row for row in validations if number(row.get("loss")) is not None]
    return min(with_loss, key=lambda row: number(row.get("loss")) or 0.0) if with_loss else None


def _row(line: bytes) -> Row | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):  # not JSON, or not UTF-8
        return None
    return value if isinstance(value, dict) else None
