"""Links by people, in both ways of writing them."""

from pathlib import Path

import pytest

from seqloom.base.errors import DataError
from seqloom.data.gold_links import read_gold


def gold(folder: Path, text: str) -> Path:
    path = folder / "gold"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_line_a_pair(tmp_path: Path) -> None:
    found = read_gold(gold(tmp_path, "0-0 1-2 1?1\n\n2p0\n"), 3)
    assert found.sure == [{(0, 0), (1, 2)}, set(), set()]
    assert found.possible == [{(1, 1)}, set(), {(2, 0)}]


def test_a_line_a_link(tmp_path: Path) -> None:
    found = read_gold(gold(tmp_path, "1 1 1\n1 2 3\n3 1 2 P\n\n3 4 4 S\n"), 3)
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
        read_gold(gold(tmp_path, text), pairs)
