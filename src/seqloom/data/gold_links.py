"""Word links that people made, to judge others by: Pharaoh's lines, or a link a line.

0-0 1-2            a line a pair, words counted from 0; links that are only possible are written 1?2
1 1 1              a line a link: pair, source word, target word, all counted from 1
"""

import re
from pathlib import Path
from typing import NamedTuple

from seqloom.base.errors import DataError
from seqloom.data.lines import read_lines
from seqloom.data.links import Link

TRIPLE = re.compile(r"(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})(\s+[SP])?")
MARKED = re.compile(r"(\d{1,9})([-?p])(\d{1,9})")
SHOWN = 40  # characters of a faulty line that a message repeats


class Gold(NamedTuple):
    """sure: links that must be found · possible: links that may be found beside them; a set of each a pair"""

    sure: list[set[Link]]
    possible: list[set[Link]]


def read_gold(path: Path, pairs: int) -> Gold:
    """The links of so many pairs.

    Raises   DataError for a line that is neither kind, for a pair that isn't there, or for another number of lines
    """
    lines = list(read_lines(path))
    gold = Gold([set() for _ in range(pairs)], [set() for _ in range(pairs)])
    first = next((line for line in lines if line.strip()), "")
    if TRIPLE.fullmatch(first.strip()):
        _read_triples(path, lines, gold)
        return gold
    if len(lines) != pairs:
        raise DataError(
            f"{path} has {len(lines):,} lines and there are {pairs:,} pairs; line n must hold the links of pair n, and "
            "be empty where there are none."
        )
    for number, line in enumerate(lines):
        for text in line.split():
            match = MARKED.fullmatch(text)
            if match is None:
                raise DataError(
                    f"{path}:{number + 1}: {text[:SHOWN]!r} is no link; expected 0-0, or 0?0 for a possible one, or "
                    "three numbers a line: pair, source word, target word, from 1."
                )
            side = gold.sure if match[2] == "-" else gold.possible
            side[number].add(Link(int(match[1]), int(match[3])))
    return gold


def _read_triples(path: Path, lines: list[str], gold: Gold) -> None:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        match = TRIPLE.fullmatch(line.strip())
        if match is None:
            raise DataError(
                f"{path}:{number}: {line[:SHOWN]!r} is no link; expected pair, source word, target word."
            )
        pair, source, target = (int(match[place]) for place in (1, 2, 3))
        if not 1 <= pair <= len(gold.sure):
            raise DataError(
                f"{path}:{number}: pair {pair:,} is none of the {len(gold.sure):,} pairs, which are counted from 1."
            )
        if not (source and target):
            raise DataError(
                f"{path}:{number}: words are counted from 1 here; found {line.strip()[:SHOWN]!r}."
            )
        side = gold.possible if (match[4] or "").strip() == "P" else gold.sure
        side[pair - 1].add(Link(source - 1, target - 1))
