"""Labels of texts, or of the tokens of a text, as the targets of a corpus on disk.

A target's ids are the numbers of its labels behind the special symbols, so that padding and ends stay what they are.
A text has the ids of its labels. Tokens have one id for each symbol of the source: the label's at a token's first
symbol, PAD at the others, which have none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqloom.base.errors import DataError
from seqloom.data.blocks import read_blocks
from seqloom.data.pairs import Pair, PairSource
from seqloom.text.labels import Labels
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.vocabulary import PAD, SPECIALS, UNK

FIRST = len(SPECIALS)
"""The id of the first label."""


@dataclass(frozen=True)
class TextLabels:
    """Targets are labels of whole texts."""

    labels: Labels

    @property
    def may_be_empty(self) -> bool:
        """Whether a text without a label is an example like others."""
        return self.labels.several

    def __len__(self) -> int:
        return FIRST + len(self.labels)

    def fingerprint(self) -> str:
        """What determines the ids."""
        return f"texts {self.labels.fingerprint()}"

    def encode(self, chunk: Sequence[Pair], sources: Sequence[Sequence[int]]) -> list[list[int]]:
        """The ids of each pair's labels; none for an empty target."""
        del sources
        names = [self.labels.split(pair.target) if pair.target.strip() else () for pair in chunk]
        return [[FIRST + number for number in sorted(self.labels.numbers_of(own))] for own in names]


@dataclass(frozen=True)
class TokenLabels:
    """Targets are the labels of the source's tokens, as many as there are words between blanks."""

    labels: Labels
    tokenizer: Tokenizer
    may_be_empty = False

    def __len__(self) -> int:
        return FIRST + len(self.labels)

    def fingerprint(self) -> str:
        """What determines the ids."""
        return f"tokens {self.labels.fingerprint()}"

    def encode(self, chunk: Sequence[Pair], sources: Sequence[Sequence[int]]) -> list[list[int]]:
        """An id for each symbol of the source."""
        encoded = []
        for pair, source in zip(chunk, sources, strict=True):
            numbers = self.labels.numbers_of(pair.target.split(" "))
            ids = [PAD] * len(source)
            if source:
                places = token_places(self.tokenizer.word_numbers(pair.source, list(source)), len(numbers))
                for place, number in zip(places, numbers, strict=True):
                    ids[place] = FIRST + number
            encoded.append(ids)
        return encoded


@dataclass(frozen=True)
class LabelSymbols:
    """Labels as symbols to be counted: an id a label, UNK for one that there is none of."""

    labels: Labels
    tokens: bool = False

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of what each target says."""
        numbers = {name: FIRST + number for number, name in enumerate(self.labels.names)}
        split = str.split if self.tokens else self.labels.split
        return [[numbers.get(name, UNK) for name in split(text)] for text in texts]


def token_places(numbers: Sequence[int], count: int) -> list[int]:
    """Where each token's first symbol stands; one that normalising left nothing of shares the next one's, or the last.

    numbers   the number of the token that each symbol spells, rising
    count     tokens
    """
    places = np.searchsorted(np.asarray(numbers, np.int64), np.arange(count))
    return [int(place) for place in np.minimum(places, max(len(numbers) - 1, 0))]


def read_labels(files: PairSource, separator: str | None = None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names of the labels of each text, each with where it stands: FILE:LINE, of the first token in blocks."""
    if files.kind == "blocks":
        for block in read_blocks(files.paths[0]):
            yield f"{files.paths[0]}:{block.line}", block.labels
        return
    split = Labels((), separator).split
    path = files.paths[-1]  # of two parallel files that of the labels
    for line, pair in enumerate(files.read(), start=1):
        if pair.source.strip() and (pair.target.strip() or separator is not None):
            yield f"{path}:{line}", split(pair.target)


def check_labels(files: PairSource, labels: Labels) -> None:
    """Raise DataError at the first label of the files that isn't among those."""
    blocks = files.kind == "blocks"
    for where, names in read_labels(files, labels.separator):
        for place, name in enumerate(names):
            try:
                labels.numbers_of([name])
            except DataError as error:
                path, _, line = where.rpartition(":")
                where = f"{path}:{int(line) + place}" if blocks else where
                raise DataError(
                    f"{where}: {error}. Mend the line, or add such texts to data.train."
                ) from None


def label_counts(files: PairSource, labels: Labels) -> tuple[list[int], int]:
    """How often each label stands in the files, and the texts, or tokens, that could have it."""
    counts = np.zeros(len(labels), np.int64)
    total = 0
    blocks = files.kind == "blocks"
    for _, names in read_labels(files, labels.separator):
        np.add.at(counts, labels.numbers_of(names), 1)
        total += len(names) if blocks else 1
    return counts.tolist(), total


def names_of(paths: Sequence[Path]) -> str:
    """Files, for messages."""
    return " and ".join(map(str, paths))
