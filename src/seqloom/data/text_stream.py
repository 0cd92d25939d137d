"""Plain text as one stream of symbols on disk: lines one after the other, a line's end a symbol like any other.

CACHE/KEY/
    symbols.{values,lengths,marks}   ids, a row a line, each with EOS at its end
    meta.json                        counts of lines, characters and unknown symbols, sizes and hashes

EOS stands for the end of a line with every tokenizer: whatever a tokenizer makes of the text within a line, a model
knows where lines end. The text begins as if a line had just ended.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import DataError
from seqloom.data.columns import Column, ColumnWriter
from seqloom.data.lines import read_lines, survey
from seqloom.data.prepared import prepare_folder, refuse_changed, smallest_dtype, verified_meta, write_meta
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import EOS, UNK

FORMAT_VERSION = 1
LINES_AT_A_TIME = 4_096  # encoded together; with CHARACTERS_AT_A_TIME bounds the Python objects alive
CHARACTERS_AT_A_TIME = 500_000


@dataclass(frozen=True)
class TextFiles:
    """Text files, one after the other, or a part of what they hold.

    start, stop  of the part, as shares of all characters; a line belongs to the part in which its first character lies
    """

    paths: tuple[Path, ...]
    start: float = 0.0
    stop: float = 1.0

    def lines(self) -> Iterator[str]:
        """The lines of the part, one in memory at a time. Raises DataError, EncodingFault as read_lines."""
        return chain.from_iterable(self.texts())

    def texts(self) -> Iterator[Iterator[str]]:
        """The same, file by file; to be read in order."""
        return ((line for _, line in own) for _, own in groupby(self._numbered(), key=itemgetter(0)))

    def _numbered(self) -> Iterator[tuple[int, str]]:
        """The lines of the part with the number of their file."""
        if (self.start, self.stop) == (0.0, 1.0):
            yield from self._all_lines()
            return
        total = sum(len(line) + 1 for _, line in self._all_lines())
        first, last = self.start * total, self.stop * total
        position = 0
        for number, line in self._all_lines():
            if first <= position < last:
                yield number, line
            position += len(line) + 1

    def _all_lines(self) -> Iterator[tuple[int, str]]:
        return ((number, line) for number, path in enumerate(self.paths) for line in read_lines(path))


class Encoded(NamedTuple):
    """Lines as symbols, each with EOS at its end, and how many characters each has, its end counted as one."""

    rows: list[list[int]]
    characters: list[int]


class TextStream:
    """A prepared text, opened by prepare_text.

    lines, characters, unknown  counts; a line's end is a character, unknown symbols are those outside the vocabulary
    notices                     sentences for the user
    """

    def __init__(self, folder: Path, meta: dict[str, Any], notices: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.key = folder.name  # a hash of the text and of how it was read
        self.lines: int = meta["lines"]
        self.characters: int = meta["characters"]
        self.unknown: int = meta["unknown"]
        self._column = Column(folder, "symbols", np.dtype(meta["dtype"]))
        if self.unknown:
            notices += (
                f"{self.unknown:,} of {len(self):,} symbols of the text are outside the vocabulary and count as "
                "<unk>; a larger text.vocabulary_size, another text.tokenizer or another text.vocabulary would know "
                "them.",
            )
        self.notices = notices

    def __len__(self) -> int:
        return self._column.size

    def symbols(self, start: int, stop: int) -> NDArray[np.int64]:
        """A copy of the symbols from `start` to `stop` (stop - start,). Raises IndexError."""
        return self._column.run(start, stop)

    def line(self, number: int) -> NDArray[np.int64]:
        """The symbols of a line, its end included. Raises IndexError."""
        return self._column.ids(number)


def prepare_text(
    files: TextFiles,
    tokenizer: Tokenizer,
    cache: Path,
    on_progress: Callable[[int], None] = lambda _: None,
) -> TextStream:
    """Encode text files into a folder under `cache`, or open the folder if that was done before.

    on_progress   called with the lines read so far

    The text is streamed, so memory does not grow with it.
    Raises   DataError for faults in the files, or when they hold no text
    """
    texts = [survey(path).sha256 for path in files.paths]
    settings: dict[str, Any] = {
        "format": FORMAT_VERSION,
        "kind": "text",
        "texts": texts,
        "part": [files.start, files.stop],
        "tokenizer": tokenizer.fingerprint(),
        "unicode": unicodedata.unidata_version,
    }

    def write(folder: Path) -> None:
        _write(files, tokenizer, folder, settings, on_progress)
        if [survey(path).sha256 for path in files.paths] != texts:
            refuse_changed(files.paths)

    return prepare_folder(cache, settings, write, open_text)


def open_text(folder: Path, notices: tuple[str, ...] = ()) -> TextStream:
    """Map a prepared text after checking every file's size and hash. Raises DataError for a damaged one."""
    return TextStream(folder, verified_meta(folder), notices)


def encode_lines(tokenizer: Tokenizer, lines: Iterable[str]) -> Iterator[Encoded]:
    """Lines as symbols, in pieces of bounded size."""
    piece: list[str] = []
    characters = 0
    for line in lines:
        piece.append(line)
        characters += len(line)
        if len(piece) >= LINES_AT_A_TIME or characters >= CHARACTERS_AT_A_TIME:
            yield _encoded(tokenizer, piece)
            piece, characters = [], 0
    if piece:
        yield _encoded(tokenizer, piece)


def _encoded(tokenizer: Tokenizer, lines: list[str]) -> Encoded:
    rows = [[*ids, EOS] for ids in tokenizer.encode_many(lines)]
    return Encoded(rows, [len(tokenizer.normalise(line)) + 1 for line in lines])


def _write(
    files: TextFiles,
    tokenizer: Tokenizer,
    folder: Path,
    settings: dict[str, Any],
    on_progress: Callable[[int], None],
) -> None:
    """Encode all lines, then write meta.json. Raises DataError when there is nothing but ends of line."""
    dtype = smallest_dtype(len(tokenizer))
    lines = characters = unknown = symbols = 0
    with ColumnWriter(folder, "symbols", dtype) as column:
        for encoded in encode_lines(tokenizer, files.lines()):
            column.append_ids(encoded.rows)
            lines += len(encoded.rows)
            characters += sum(encoded.characters)
            unknown += sum(row.count(UNK) for row in encoded.rows)
            symbols += sum(map(len, encoded.rows))
            on_progress(lines)
    if symbols == lines:
        names = " and ".join(map(str, files.paths))
        part = "" if (files.start, files.stop) == (0.0, 1.0) else "the part that is asked for of "
        raise DataError(f"{part}{names}: no text, only {lines:,} empty lines. Give text that isn't empty.")
    meta = {
        "settings": settings,
        "lines": lines,
        "characters": characters,
        "unknown": unknown,
        "dtype": dtype.name,
    }
    write_meta(folder, meta, [column])
