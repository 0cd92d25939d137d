"""Links by people, in both ways of writing them."""

from pathlib import Path

import pytest

from seqloom.base.errors import DataError
from seqloom.data.gold_links import read_gold
from seqloom.data.pairs import Pair

PAIRS = [Pair("a b c d", "u v w x")] * 3


def gold(folder: Path, text: str) -> Path:
    path = folder / "gold"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_a_pair(tmp_path: Path) -> None:
    found = read_gold(gold(tmp_path, "0-0 1-2 1?1\n\n2p0\n"), PAIRS)
    assert found.sure == [{(0, 0), (1, 2)}, set(), set()]
    assert found.possible == [{(1, 1)}, set(), {(2, 0)}]


def test_a_line_a_link(tmp_path: Path) -> None:
    found = read_gold(gold(tmp_path, "1 1 1\n1 2 3\n3 1 2 P\n\n3 4 4 S\n"), PAIRS)
    assert found.sure == [{(0, 0), (1, 2)}, set(), {(3, 3)}]
    assert found.possible == [set(), set(), {(0, 1)}]


@pytest.mark.parametrize(
    ("text", "pairs", "message"),
    [
        ("0-0\n1-1\n", 3, r"gold has 2 lines and there are 3 pairs; line n must hold the links of pair n"),
        (
            "0-0\n1-x\n",
            2,
            r"gold:2: '1-x' is no link; expected 0-0, or 0\?0 for a possible one, or three numbers",
        ),
        ("1 1 1\n1 2\n", 2, r"gold:2: '1 2' is no link; expected pair, source word, target word\."),
        ("1 1 1\n3 1 1\n", 2, r"gold:2: pair 3 is none of the 2 pairs, which are counted from 1\."),
        ("1 1 1\n1 0 1\n", 2, r"gold:2: words are counted from 1 here; found '1 0 1'\."),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, pairs: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_gold(gold(tmp_path, text), PAIRS[:pairs])


SHORT = [Pair("a b", "u v"), Pair("a b c", "u")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "7-9\n0-0\n",
            "gold:1: the link 7-9 names word 7 of the source, whose 2 words are counted from 0 and separated by white "
            "space. Give the text that people linked, word by word.",
        ),
        (
            "1-1 2-2\n3-1\n",
            "gold:1: the link 2-2 names word 2 of the source, .* 1 less: take 1 from both sides",
        ),
        ("0-0\n0-2\n", r"gold:2: the link 0-2 names word 2 of the target, whose 1 words .* sides exchanged"),
        ("0?0\n0?9\n", r"gold:2: the link 0\?9 names word 9 of the target"),
        (
            "1 1 1\n1 3 1\n",
            "gold:2: the link '1 3 1' names word 3 of the source, whose 2 words are counted from 1",
        ),
    ],
)
def test_a_word_that_the_pair_has_not_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_gold(gold(tmp_path, text), SHORT)
