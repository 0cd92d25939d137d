"""Word alignments: lines of links in Pharaoh's format, and what they say of the symbols of a pair.

    0-0 1-2 2-1        word 0 of the source with word 0 of the target, 1 with 2, 2 with 1

Words are what white space separates in the text as it was read, whatever the tokenizer cuts it into. An empty line is
a pair about which nothing is known.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from seqloom.base.errors import DataError
from seqloom.data.lines import read_lines, survey
from seqloom.data.pairs import Pair, PairSource

LINK = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")
SHOWN = 40  # characters of a faulty link that a message repeats


class Link(NamedTuple):
    """A word of the source and one of the target, counted from 0."""

    source: int
    target: int


class Span(NamedTuple):
    """A link between symbols: source positions start to stop with target positions, stops excluded."""

    source_start: int
    source_stop: int
    target_start: int
    target_stop: int


def parse_links(line: str, pair: Pair, where: str) -> list[Link]:
    """The links of one line.

    where   file and line, for messages
    Raises  DataError for what is no link, and for one to a word that the pair doesn't have
    """
    links = []
    for text in line.split():
        match = LINK.fullmatch(text)
        if match is None:
            raise DataError(
                f"{where}: {text[:SHOWN]!r} is no link; expected the numbers of a source and a target word, counted "
                "from 0, as in 0-0 1-2."
            )
        link = Link(int(match[1]), int(match[2]))
        if beyond := beyond_words(link, pair):
            raise DataError(f"{where}: the link {text} {beyond}. Align the text as these files have it.")
        links.append(link)
    return links


def beyond_words(link: Link, pair: Pair, first: int = 0) -> str:
    """Which word a link names that its pair doesn't have, for messages; empty where the pair has both.

    first   the number that the first word goes by there
    """
    for side, number, text in zip(("source", "target"), link, pair, strict=True):
        count = len(text.split())
        if number >= count:
            return (
                f"names word {number + first} of the {side}, whose {count} words are counted from {first} and "
                "separated by white space"
            )
    return ""


def check_link_count(alignments: Path, lines: int, files: PairSource, pairs: int) -> None:
    """Raise DataError with both counts unless there is a line for each pair."""
    if lines != pairs:
        raise DataError(
            f"{alignments} has {lines:,} lines and {files.paths[0]} has {pairs:,}; line n of the one must hold the "
            "links of pair n of the other, and be empty where none are known."
        )


def check_links(alignments: Path, files: PairSource) -> None:
    """Raise DataError for what training would refuse first in a file of alignments."""
    check_link_count(alignments, survey(alignments).lines, files, survey(files.paths[0]).lines)
    for number, (line, pair) in enumerate(zip(read_lines(alignments), files.read(), strict=True), start=1):
        parse_links(line, pair, f"{alignments}:{number}")


def span_links(
    links: Sequence[Link], source_numbers: Sequence[int], target_numbers: Sequence[int]
) -> list[Span]:
    """Links between words as links between symbols.

    source_numbers, target_numbers  for each symbol the number of its word, as Tokenizer.word_numbers gives them
    """
    return [
        Span(*_positions(source_numbers, link.source), *_positions(target_numbers, link.target))
        for link in links
    ]


def _positions(numbers: Sequence[int], word: int) -> tuple[int, int]:
    """Where the symbols of a word begin and end; a word that begins within a symbol is that symbol."""
    start, stop = bisect_left(numbers, word), bisect_right(numbers, word)
    return (start, stop) if stop > start else (start - 1, start)


def flat(tuples: Sequence[tuple[int, ...]]) -> list[int]:
    """Links or spans as the row of a column."""
    return list(chain.from_iterable(tuples))
