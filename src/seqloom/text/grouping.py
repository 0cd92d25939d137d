"""From pieces to words: which positions spell which word, so that a plot can show words whatever the tokenizer."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from seqloom.text.words import word_starts


class WordGroup(NamedTuple):
    """A word and the positions that spell it, stop excluded."""

    text: str
    start: int
    stop: int


class _Unit(NamedTuple):
    """The fewest positions that spell whole characters."""

    text: str
    stop: int


def group_pieces(pieces: Sequence[bytes | str], read: Callable[[bytes], str]) -> list[WordGroup]:
    """Group pieces to words, as `split_words` would split their text.

    pieces   what each position spells in UTF-8, or the name of a special symbol, which is a group of its own
    read     turns the bytes of whole characters to text
    Returns groups that cover every position once, in order. No piece is cut: where one spans two words ("you?")
            they become one group. White space goes to the word after it, or at the end to the last word.
    """
    groups: list[WordGroup] = []
    start = 0
    for stop, piece in enumerate(pieces):
        if isinstance(piece, str):
            groups.extend(_group_run(pieces, start, stop, read))
            groups.append(WordGroup(piece, stop, stop + 1))
            start = stop + 1
    groups.extend(_group_run(pieces, start, len(pieces), read))
    return groups


def _group_run(
    pieces: Sequence[bytes | str], start: int, stop: int, read: Callable[[bytes], str]
) -> Iterator[WordGroup]:
    """Groups of the positions start to stop, which hold no special symbol."""
    units = list(_units([piece for piece in pieces[start:stop] if isinstance(piece, bytes)], start, read))
    starts = word_starts("".join(unit.text for unit in units))
    begin, end, offset = start, start, 0
    word: list[str] = []
    for unit in units:
        if offset in starts and end > begin:
            yield WordGroup("".join(word).strip(), begin, end)
            begin, word = end, []
        word.append(unit.text)
        offset += len(unit.text)
        end = unit.stop
    if end > begin:
        yield WordGroup("".join(word).strip(), begin, end)


def _units(pieces: Sequence[bytes], start: int, read: Callable[[bytes], str]) -> Iterator[_Unit]:
    """Join pieces where one begins in the middle of a character."""
    for index, piece in enumerate(pieces):
        if index == 0:
            spelled = piece
        elif is_continuation(piece):
            spelled += piece
        else:
            yield _Unit(read(spelled), start + index)
            spelled = piece
    if pieces:
        yield _Unit(read(spelled), start + len(pieces))


def is_continuation(piece: bytes) -> bool:
    """Whether the first byte continues a character of UTF-8 rather than beginning one."""
    return 0x80 <= piece[0] < 0xC0
