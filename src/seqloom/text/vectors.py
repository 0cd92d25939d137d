"""Word vectors from a text file, as GloVe and word2vec write them: a word and its numbers in a line.

Only the vocabulary's words are kept, so that memory doesn't grow with the file. word2vec's first line, which says how
many words and numbers there are, is known by having two numbers and nothing else.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import DataError
from seqloom.base.files import explain_os_errors
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import SPECIALS

LONGEST_LINE = 1024 * 1024  # bytes; thousands of numbers have tens of kilobytes


def read_vectors(path: Path, tokenizer: Tokenizer, width: int) -> NDArray[np.float32]:
    """The vector of each symbol of a word tokenizer (V, width); rows of NaN where the file has none.

    A word that isn't in the file as it is spelled takes the vector of its lower-case spelling, as most files have only
    those. Of a word that stands twice the first counts.

    Raises   DataError at the line that holds no word with `width` numbers; ResourceError
    """
    wanted: dict[str, list[int]] = {}  # by spelling as in the file
    lower: dict[str, list[int]] = {}
    for number, symbol in enumerate(tokenizer.pieces(range(len(tokenizer)))):
        if number >= len(SPECIALS):
            wanted.setdefault(symbol, []).append(number)
            lower.setdefault(symbol.lower(), []).append(number)
    vectors = np.full((len(tokenizer), width), np.nan, np.float32)
    exact = np.zeros(len(tokenizer), np.bool_)
    for where, word, numbers in _lines(path, width):
        rows = [row for row in wanted.get(word, ()) if not exact[row]]
        others = [row for row in lower.get(word, ()) if np.isnan(vectors[row, 0])]
        if rows or others:
            vectors[rows + others] = _numbers(where, numbers)
            exact[rows] = True
    if np.isnan(vectors[:, 0]).all():
        raise DataError(
            f"{path} has no vector for any of the {len(tokenizer) - len(SPECIALS):,} words of the vocabulary. Is it "
            "of another language, or no file of word vectors?"
        )
    return vectors


def _lines(path: Path, width: int) -> Iterator[tuple[str, str, list[str]]]:
    """Where each line stands, its word and its numbers as text; words may have blanks inside."""
    count, first = 0, True
    with explain_os_errors("read", path), _opened(path) as stream:
        for count, raw in enumerate(iter(lambda: stream.readline(LONGEST_LINE + 1), b""), start=1):
            where = f"{path}:{count}"
            if len(raw) > LONGEST_LINE:
                raise DataError(
                    f"{where}: a line of more than {LONGEST_LINE:,} bytes; expected a word and its vector."
                )
            cells = raw.decode("utf-8", "replace").rstrip().split(" ")
            if count == 1 and len(cells) == 2 and all(cell.isascii() and cell.isdigit() for cell in cells):
                _check_width(path, int(cells[1]), width)
                continue
            if first and len(cells) - 1 != width:
                _check_line(where, cells)
                _check_width(path, len(cells) - 1, width)
            first = False
            if len(cells) <= width:
                raise DataError(
                    f"{where}: {len(cells) - 1} numbers after the word; expected {width}. The file may have been cut "
                    "short; fetch it again, or drop the line."
                )
            yield where, " ".join(cells[:-width]), cells[-width:]
    if not count:
        raise DataError(f"{path} is empty; expected a word and its vector in each line.")


def _opened(path: Path) -> BinaryIO:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path}, which data.vectors names, {what}; expected a file of word vectors as text.")
    return path.open("rb")


def _check_width(path: Path, found: int, width: int) -> None:
    if found != width:
        raise DataError(
            f"{path} has vectors of {found:,} numbers, but model.width = {width}. Set model.width = {found}."
        )


def _check_line(where: str, cells: list[str]) -> None:
    """Raise DataError for a line that begins no file of vectors."""
    try:
        numbers = [float(cell) for cell in cells[1:]]
    except ValueError:
        numbers = []
    if not numbers:
        raise DataError(
            f"{where}: {' '.join(cells)[:40]!r} is no word with its vector; expected a word and its numbers, separated "
            "by blanks, as GloVe and word2vec write them as text."
        )


def _numbers(where: str, cells: list[str]) -> NDArray[np.float32]:
    try:
        numbers = np.array([float(cell) for cell in cells], np.float32)
    except ValueError:
        numbers = np.full(1, np.nan, np.float32)
    if not np.isfinite(numbers).all():
        wrong = next(cell for cell in cells if not _is_number(cell))
        raise DataError(f"{where}: {wrong[:40]!r} is no number. Fetch the file again, or drop the line.")
    return numbers


def _is_number(cell: str) -> bool:
    try:
        return bool(np.isfinite(np.float32(cell)))
    except ValueError:
        return False


def describe_vectors(path: Path, vectors: NDArray[np.float32]) -> str:
    """How many of the vocabulary's words have one."""
    words = len(vectors) - len(SPECIALS)
    found = int((~np.isnan(vectors[:, 0])).sum())
    return (
        f"Word vectors from {path}: {found:,} of the vocabulary's {words:,} words ({found / max(words, 1):.0%}); the "
        "others start at random."
    )
