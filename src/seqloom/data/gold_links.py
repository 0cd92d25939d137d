"""Word links that people made, to judge others by: Pharaoh's lines, or a link a line.

0-0 1-2            a line a pair, words counted from 0; links that are only possible are written 1?2
1 1 1              a line a link: pair, source word, target word, all counted from 1
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from seqloom.base.errors import DataError
from seqloom.data.lines import read_lines
from seqloom.data.links import Link, beyond_words
from seqloom.data.pairs import Pair

TRIPLE = re.compile(r"(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})(\s+[SP])?")
MARKED = re.compile(r"(\d{1,9})([-?p])(\d{1,9})")
SHOWN = 40  # characters of a faulty line that a message repeats


class Gold(NamedTuple):
    """sure: links that must be found · possible: links that may be found beside them; a set of each a pair"""

    sure: list[set[Link]]
    possible: list[set[Link]]


class _Read(NamedTuple):
    """A link as a file has it: where, how it is written, and in which pair."""

    where: str
    text: str
    pair: int
    link: Link
    sure: bool


def read_gold(path: Path, pairs: Sequence[Pair]) -> Gold:
    """The links of these pairs.

    Raises   DataError for a line that is neither kind, for a pair that isn't there or a word that a pair doesn't have,
             or for another number of lines
    """
    lines = list(read_lines(path))
    first = next((line for line in lines if line.strip()), "")
    by_link = TRIPLE.fullmatch(first.strip()) is not None
    read = list(_triples(path, lines, len(pairs)) if by_link else _in_lines(path, lines, len(pairs)))
    for each in read:
        if beyond := beyond_words(each.link, pairs[each.pair], first=int(by_link)):
            raise DataError(f"{each.where}: the link {each.text} {beyond}. {_mend(read, pairs)}")
    gold = Gold([set() for _ in pairs], [set() for _ in pairs])
    for each in read:
        (gold.sure if each.sure else gold.possible)[each.pair].add(each.link)
    return gold


def _mend(read: Sequence[_Read], pairs: Sequence[Pair]) -> str:
    """What all links would fit with, where some don't."""

    def all_fit(changed: Callable[[Link], Link]) -> bool:
        links = ((changed(each.link), pairs[each.pair]) for each in read)
        return all(min(link) >= 0 and not beyond_words(link, pair) for link, pair in links)

    if all_fit(lambda link: Link(link.source - 1, link.target - 1)):
        return "All links fit with 1 less: take 1 from both sides of each."
    if all_fit(lambda link: Link(link.target, link.source)):
        return "All links fit with their sides exchanged: the source's word comes first."
    return "Give the text that people linked, word by word."


def _in_lines(path: Path, lines: Sequence[str], pairs: int) -> Iterator[_Read]:
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
            link = Link(int(match[1]), int(match[3]))
            yield _Read(f"{path}:{number + 1}", text, number, link, match[2] == "-")


def _triples(path: Path, lines: Sequence[str], pairs: int) -> Iterator[_Read]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        match = TRIPLE.fullmatch(line.strip())
        if match is None:
            raise DataError(
                f"{path}:{number}: {line[:SHOWN]!r} is no link; expected pair, source word, target word."
            )
        pair, source, target = (int(match[place]) for place in (1, 2, 3))
        if not 1 <= pair <= pairs:
            raise DataError(
                f"{path}:{number}: pair {pair:,} is none of the {pairs:,} pairs, which are counted from 1."
            )
        if not (source and target):
            raise DataError(
                f"{path}:{number}: words are counted from 1 here; found {line.strip()[:SHOWN]!r}."
            )
        sure = (match[4] or "").strip() != "P"
        yield _Read(f"{path}:{number}", repr(line.strip()), pair - 1, Link(source - 1, target - 1), sure)
