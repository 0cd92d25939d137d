"""Rows of different length on disk, in flat files that are never loaded.

NAME.values    all rows end to end; a row is read when asked for, through the system's cache and not mapped: one touch
               of a mapped file can make 2 MiB of it resident, and an epoch touches every part of it
NAME.lengths   (rows,) int32, mapped, as an epoch's plan reads all of them
NAME.marks     (rows / 64,) int64, mapped: where every 64th row begins, in values
"""

import hashlib
import mmap
import os
import threading
import weakref
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import DataError

ROWS_A_MARK = (
    64  # few enough to add up their lengths in microseconds, enough to make the marks' size negligible
)
PARTS = ("values", "lengths", "marks")


class _HashedFile:
    """A file that is hashed while it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stream = path.open("wb")
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self.stream.write(data)
        self.digest.update(data)
        self.size += len(data)


class ColumnWriter:
    """Append rows to a new column in a folder; a context manager."""

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype.newbyteorder("<")
        self.files = {part: _HashedFile(folder / f"{name}.{part}") for part in PARTS}
        self.rows = 0
        self.end = 0  # values written so far

    def append_ids(self, rows: Sequence[Sequence[int]]) -> None:
        """Append rows of whole numbers, which must fit the dtype."""
        lengths = [len(row) for row in rows]
        values = np.fromiter(chain.from_iterable(rows), np.int64, sum(lengths)).astype(self.dtype)
        self._append(values.tobytes(), lengths)

    def append_texts(self, rows: Iterable[str]) -> None:
        """Append rows of text as UTF-8 bytes."""
        encoded = [row.encode("utf-8") for row in rows]
        self._append(b"".join(encoded), [len(row) for row in encoded])

    def _append(self, values: bytes, lengths: Sequence[int]) -> None:
        starts = self.end + np.cumsum([0, *lengths], dtype="<i8")
        self.files["values"].write(values)
        self.files["lengths"].write(np.array(lengths, "<i4").tobytes())
        self.files["marks"].write(starts[:-1][-self.rows % ROWS_A_MARK :: ROWS_A_MARK].tobytes())
        self.rows += len(lengths)
        self.end = int(starts[-1])

    def manifest(self) -> dict[str, dict[str, int | str]]:
        """File name -> its size in bytes and its SHA-256."""
        return {
            file.path.name: {"bytes": file.size, "sha256": file.digest.hexdigest()}
            for file in self.files.values()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self.files.values():
            file.stream.close()


class Column:
    """Read rows of a column; `lengths` (rows,) int32 is an array over the mapped file."""

    def __init__(self, folder: Path, name: str, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype.newbyteorder("<")
        self.path = folder / f"{name}.values"
        self._maps: list[mmap.mmap] = []
        self.lengths: NDArray[np.int32] = self._map(folder / f"{name}.lengths", np.dtype("<i4"))
        self._marks: NDArray[np.int64] = self._map(folder / f"{name}.marks", np.dtype("<i8"))
        self._values = self.path.open("rb", buffering=0)
        self.size = self.path.stat().st_size // self.dtype.itemsize  # values of all rows
        self._lock = threading.Lock()
        weakref.finalize(self, self._values.close)

    def _map(self, path: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
        with path.open("rb") as stream:
            if not path.stat().st_size:
                return np.empty(0, dtype)  # nothing to map
            mapping = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        self._maps.append(mapping)
        return np.frombuffer(mapping, dtype)

    def __len__(self) -> int:
        return len(self.lengths)

    def ids(self, row: int) -> NDArray[np.int64]:
        """A copy of one row of whole numbers (length,), int64. Raises IndexError."""
        return np.frombuffer(self._row(row), self.dtype).astype(np.int64)

    def run(self, start: int, stop: int) -> NDArray[np.int64]:
        """A copy of the values from `start` to `stop`, whatever rows they belong to (stop - start,), int64.

        Raises   IndexError beyond the values that there are
        """
        if not 0 <= start <= stop <= self.size:
            raise IndexError(f"values {start} to {stop} of {self.size}")
        return np.frombuffer(self._read_values(start, stop - start), self.dtype).astype(np.int64)

    def text(self, row: int) -> str:
        """One row of text. Raises IndexError."""
        return self._row(row).decode("utf-8")

    def release(self) -> None:
        """Give the mapped pages back to the system, which keeps them in its cache as long as it likes."""
        advice = getattr(mmap, "MADV_DONTNEED", None)  # not on Windows, which trims mapped pages itself
        if advice is not None:
            for mapping in self._maps:
                mapping.madvise(advice)

    def _row(self, row: int) -> bytes:
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        mark = row // ROWS_A_MARK
        start = int(self._marks[mark]) + int(self.lengths[mark * ROWS_A_MARK : row].sum())
        return self._read_values(start, int(self.lengths[row]))

    def _read_values(self, start: int, count: int) -> bytes:
        size = count * self.dtype.itemsize
        raw = self._read(start * self.dtype.itemsize, size)
        if len(raw) != size:
            raise DataError(f"{self.path} was cut short while in use. Run the same command again.")
        return raw

    def _read(self, offset: int, size: int) -> bytes:
        """Bytes of the values, safely from several threads and after a fork."""
        if hasattr(os, "pread"):
            return os.pread(self._values.fileno(), size, offset)
        with self._lock:  # Windows
            self._values.seek(offset)
            return self._values.read(size)
