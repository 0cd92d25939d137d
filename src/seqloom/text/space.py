"""The space tokenizer: an id for each symbol that stands between white space, and nothing is split further."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from seqloom.base.errors import DataError
from seqloom.text.grouping import WordGroup
from seqloom.text.normalise import Normaliser
from seqloom.text.printable import printable
from seqloom.text.storage import fingerprint, save_tokenizer
from seqloom.text.vocabulary import SPECIALS, UNK, Vocabulary, check_ids
from seqloom.text.words import stretch_owners


class SpaceTokenizer:
    """Symbols by id, as white space separates them: phones, commands, names such as resto_rome_cheap_8stars.

    decode(encode(x)) == normalise(x) for text of known symbols; one not seen in training decodes as "<unk>".
    """

    kind = "space"

    def __init__(self, vocabulary: Vocabulary, normaliser: Normaliser) -> None:
        self.vocabulary = vocabulary
        self.normaliser = normaliser

    def __len__(self) -> int:
        return len(self.vocabulary)

    def normalise(self, text: str) -> str:
        """Single blanks between symbols, and none around them."""
        return " ".join(self._symbols_of(text))

    def encode(self, text: str) -> list[int]:
        return self.vocabulary.ids_of(self._symbols_of(text))

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def sample(self, text: str, strength: float, generator: np.random.Generator) -> list[int]:
        """The same as `encode`: a symbol has one spelling in ids."""
        del strength, generator
        return self.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        symbols = self.vocabulary.symbols
        shown = [index for index in check_ids(ids, len(self)) if index == UNK or index >= len(SPECIALS)]
        return " ".join(symbols[index] for index in shown)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        symbols = self.vocabulary.symbols
        return [printable(symbols[index]) for index in check_ids(ids, len(self))]

    def word_groups(self, ids: Sequence[int]) -> list[WordGroup]:
        """Each symbol is a group of its own."""
        return [WordGroup(piece, index, index + 1) for index, piece in enumerate(self.pieces(ids))]

    def reading(self, text: str) -> "SpaceTokenizer":
        extended = self.vocabulary.reading(self._symbols_of(text))
        return self if extended is self.vocabulary else SpaceTokenizer(extended, self.normaliser)

    def word_numbers(self, text: str, ids: Sequence[int]) -> list[int]:
        """Needs no ids, as each is a word."""
        del ids
        return stretch_owners(text, self.normaliser)

    def fingerprint(self) -> str:
        return fingerprint(self.kind, self.normaliser, len(self), self.vocabulary.to_json())

    def save(self, folder: Path) -> None:
        save_tokenizer(folder, self.kind, self.normaliser, len(self), self.vocabulary.to_json())

    def _symbols_of(self, text: str) -> list[str]:
        return self.normaliser(text).split()


def train_space_tokenizer(lines: Iterable[str], *, size: int, normaliser: Normaliser) -> SpaceTokenizer:
    """Keep the `size` most frequent symbols; fewer when the lines hold fewer. Raises DataError when they hold none."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(normaliser(line).split())
    if not counts:
        raise DataError("There is no text to take symbols from: every line is empty.")
    return SpaceTokenizer(Vocabulary.from_counts(counts, size=size), normaliser)
