"""Lines in pieces: in order, none lost, none waited for."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqloom.base.errors import DataError, EncodingFault
from seqloom.cli.arriving import Line, in_pieces, read_inputs


def lines(count: int) -> list[Line]:
    return [Line(f"text {n}", f"line {n}") for n in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 50])
def test_pieces_hold_every_line_in_order(count: int) -> None:
    pieces = list(in_pieces(lines(count), 3))
    assert [line for piece in pieces for line in piece] == lines(count)
    assert all(1 <= len(piece) <= 3 for piece in pieces)


def test_a_line_is_given_while_the_next_is_still_to_come() -> None:
    answered = threading.Event()

    def typing() -> Iterator[Line]:
        yield Line("one", "line 1")
        assert answered.wait(60)
        yield Line("two", "line 2")

    pieces = in_pieces(typing(), 10)
    assert next(pieces) == [Line("one", "line 1")]
    answered.set()
    assert next(pieces) == [Line("two", "line 2")]
    assert list(pieces) == []


def test_a_fault_comes_after_the_lines_before_it() -> None:
    def failing() -> Iterator[Line]:
        yield from lines(2)
        raise DataError("broken")

    seen: list[Line] = []
    with pytest.raises(DataError, match="broken"):
        seen.extend(line for piece in in_pieces(failing(), 10) for line in piece)
    assert seen == lines(2)


def test_files_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("one\u2028still one\n\nthree".encode())
    (tmp_path / "b").write_bytes(b"four\n\xff\n")
    found = read_inputs([tmp_path / "a", tmp_path / "b"])
    assert [next(found) for _ in range(4)] == [
        Line("one\u2028still one", f"{tmp_path}/a:1"),
        Line("", f"{tmp_path}/a:2"),
        Line("three", f"{tmp_path}/a:3", ""),
        Line("four", f"{tmp_path}/b:1"),
    ]
    with pytest.raises(EncodingFault, match="b:2: not UTF-8"):
        next(found)
