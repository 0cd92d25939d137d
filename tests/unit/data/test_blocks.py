"""Files of labelled tokens: read as pairs, faults named by file and line, and found by the checking reader too."""

from pathlib import Path

import pytest

from seqloom.base.errors import DataError
from seqloom.data.blocks import Block, read_blocks
from seqloom.data.faults import FaultReader
from seqloom.data.pairs import Pair
from seqloom.data.readers import PairFiles, read_pairs

TEXT = "\nAnn\tB-PER\nin\tO\nNew York\tB-LOC\n\n\nBen\tB-PER\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.conll"
    path.write_text(text, encoding="utf-8")
    return path


def test_blocks_know_their_lines(tmp_path: Path):
    assert list(read_blocks(written(tmp_path, TEXT))) == [
        Block(2, ("Ann", "in", "New York"), ("B-PER", "O", "B-LOC")),
        Block(7, ("Ben",), ("B-PER",)),
    ]


def test_white_space_in_a_token_is_left_out_of_the_pair(tmp_path: Path):
    path = written(tmp_path, TEXT)
    expected = [Pair("Ann in NewYork", "B-PER O B-LOC"), Pair("Ben", "B-PER")]
    assert list(read_pairs([path])) == expected  # by the name's ending
    assert list(PairFiles((path,), "blocks").read()) == expected


def test_the_last_line_may_lack_its_end_and_empty_ones_may_hold_blanks(tmp_path: Path):
    path = written(tmp_path, "a\tX\n  \t \nb\tY")
    assert [block.tokens for block in read_blocks(path)] == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (
            "Ann",
            "no tab in the line; expected a token, a tab, its label, and an empty line between sentences",
        ),
        (
            "Ann\tNNP\tB-PER",
            "3 columns; expected a token, a tab, its label, and an empty line between sentences",
        ),
        ("\tB-PER", "no token; expected a token, a tab, its label"),
        ("Ann\t ", "no label; expected a token, a tab, its label"),
        ("Ann\tB PER", "the label 'B PER' has white space inside; write it as one word"),
    ],
)
def test_another_line_is_refused_and_found(tmp_path: Path, line: str, found: str):
    path = written(tmp_path, f"a\tX\n\nb\tX\n{line}\nc\tX\n\nd\tX\n")
    with pytest.raises(DataError) as caught:
        list(read_blocks(path))
    assert str(caught.value) == f"{path}:4: {found}."
    reader = FaultReader(PairFiles((path,)))
    pairs = list(reader.pairs())
    assert [(fault.kind, fault.line, fault.detail) for fault in reader.faults] == [("columns", 4, found)]
    assert [pair for pair in pairs if pair] == [Pair("a", "X"), Pair("d", "X")]


def test_the_checking_reader_gives_a_pair_at_each_sentence_s_end(tmp_path: Path):
    reader = FaultReader(PairFiles((written(tmp_path, "a\tX\nb\tY\n\nc\tX"),)))
    assert list(reader.pairs()) == [None, None, Pair("a b", "X Y"), None, Pair("c", "X")]
    assert reader.lines == [4]
    assert not reader.faults
