"""Ragged rows on disk come back as they were, and reading them holds no memory."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import DataError
from seqloom.base.files import sha256_of
from seqloom.data.columns import Column, ColumnWriter

UINT16 = np.dtype(np.uint16)


def write(folder: Path, chunks: list[list[list[int]]], dtype: np.dtype = UINT16) -> Column:
    with ColumnWriter(folder, "ids", dtype) as writer:
        for chunk in chunks:
            writer.append_ids(chunk)
    return Column(folder, "ids", dtype)


@given(chunks=st.lists(st.lists(st.lists(st.integers(0, 65_535), max_size=5), max_size=4), max_size=4))
def test_rows_come_back(tmp_path_factory: pytest.TempPathFactory, chunks: list[list[list[int]]]) -> None:
    rows = [row for chunk in chunks for row in chunk]
    column = write(tmp_path_factory.mktemp("column"), chunks)
    assert [column.ids(row).tolist() for row in range(len(column))] == rows
    assert column.lengths.tolist() == [len(row) for row in rows]


def test_rows_far_apart_and_in_uneven_chunks(tmp_path: Path) -> None:
    rows = [[number] * (number % 7) for number in range(500)]
    column = write(tmp_path, [rows[:1], rows[1:64], rows[64:64], rows[64:65], rows[65:300], rows[300:]])
    assert [column.ids(row).tolist() for row in range(500)] == rows


def test_texts_come_back(tmp_path: Path) -> None:
    rows = ["", "a", "né\u2028", "\U0001f600 x", ""]
    with ColumnWriter(tmp_path, "text", np.dtype(np.uint8)) as writer:
        writer.append_texts(rows[:2])
        writer.append_texts(iter(rows[2:]))
    column = Column(tmp_path, "text", np.dtype(np.uint8))
    assert [column.text(row) for row in range(5)] == rows


def test_large_ids_need_the_wider_type(tmp_path: Path) -> None:
    column = write(tmp_path, [[[70_000, 1]]], np.dtype(np.uint32))
    assert column.ids(0).tolist() == [70_000, 1]
    assert (tmp_path / "ids.values").stat().st_size == 8
    assert column.ids(0).dtype == np.int64


@pytest.mark.parametrize("row", [-1, 2])
def test_rows_out_of_range(tmp_path: Path, row: int) -> None:
    column = write(tmp_path, [[[1], [2]]])
    with pytest.raises(IndexError, match=f"row {row} of 2"):
        column.ids(row)


def test_a_row_is_a_copy_and_the_files_are_read_only(tmp_path: Path) -> None:
    column = write(tmp_path, [[[1, 2]]])
    column.ids(0)[0] = 9
    assert column.ids(0).tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        column.lengths[0] = 9


def test_manifest_states_size_and_hash(tmp_path: Path) -> None:
    with ColumnWriter(tmp_path, "ids", UINT16) as writer:
        writer.append_ids([[1, 2], [3]])
    manifest = writer.manifest()
    assert sorted(manifest) == ["ids.lengths", "ids.marks", "ids.values"]
    for name, found in manifest.items():
        path = tmp_path / name
        assert found == {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def resident(path: Path) -> int:
    """Kilobytes of this process's memory that map the file."""
    total = 0
    mapped = ""
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first = line.split()[0]
        if not first.endswith(":"):
            mapped = line.split()[-1]
        elif first == "Rss:" and mapped == str(path):
            total += int(line.split()[1])
    return total


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="reads Linux's account of mapped memory")
def test_reading_holds_no_memory(tmp_path: Path) -> None:
    """Of the values nothing is ever mapped; of the lengths nothing stays after release."""
    column = write(tmp_path, [[[1] * 30] * 20_000])
    assert sum(int(column.ids(row).sum()) for row in range(0, 20_000, 100)) == 200 * 30
    assert int(column.lengths.sum()) == 600_000
    values, lengths = ((tmp_path / f"ids.{part}").resolve() for part in ("values", "lengths"))
    assert resident(values) == 0
    assert resident(lengths) > 70
    column.release()
    assert resident(lengths) == 0
    assert column.ids(19_999).tolist() == [1] * 30


def test_values_cut_short_while_in_use(tmp_path: Path) -> None:
    column = write(tmp_path, [[[1, 2], [3, 4]]])
    os.truncate(tmp_path / "ids.values", 6)
    assert column.ids(0).tolist() == [1, 2]
    with pytest.raises(DataError, match=r"ids\.values was cut short while in use"):
        column.ids(1)


def test_without_positioned_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows."""
    column = write(tmp_path, [[[n, n] for n in range(200)]])
    monkeypatch.delattr(os, "pread")
    assert [column.ids(row).tolist() for row in (199, 0, 64)] == [[199, 199], [0, 0], [64, 64]]
