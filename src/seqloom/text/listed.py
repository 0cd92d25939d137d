"""What tokenizers share that keep a list of symbols and cut a text into them: words, characters, what blanks part."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from seqloom.text.grouping import WordGroup
from seqloom.text.normalise import Normaliser
from seqloom.text.printable import printable
from seqloom.text.storage import fingerprint, save_tokenizer
from seqloom.text.vocabulary import SPECIALS, UNK, Vocabulary, check_ids


class ListedTokenizer(ABC):
    """Symbols by id; one not seen in training is UNK. A text has one spelling in ids.

    The methods that stand here are those of `seqloom.text.tokenizer.Tokenizer`; a kind says how it cuts a text, and
    how symbols become text and words again.
    """

    kind: ClassVar[str]

    def __init__(self, vocabulary: Vocabulary, normaliser: Normaliser) -> None:
        self.vocabulary = vocabulary
        self.normaliser = normaliser

    @abstractmethod
    def symbols_of(self, text: str) -> Sequence[str]:
        """The symbols of a text as a person gave it, normalised first."""

    def __len__(self) -> int:
        return len(self.vocabulary)

    def normalise(self, text: str) -> str:
        return self.normaliser(text)

    def encode(self, text: str) -> list[int]:
        return self.vocabulary.ids_of(self.symbols_of(text))

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def sample(self, text: str, strength: float, generator: np.random.Generator) -> list[int]:
        """The same as `encode`."""
        del strength, generator
        return self.encode(text)

    def reading(self, text: str) -> Self:
        extended = self.vocabulary.reading(self.symbols_of(text))
        return self if extended is self.vocabulary else type(self)(extended, self.normaliser)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        symbols = self.vocabulary.symbols
        return [printable(symbols[index]) for index in check_ids(ids, len(self))]

    def word_groups(self, ids: Sequence[int]) -> list[WordGroup]:
        """Each symbol is a group of its own."""
        return [WordGroup(piece, index, index + 1) for index, piece in enumerate(self.pieces(ids))]

    def fingerprint(self) -> str:
        return fingerprint(self.kind, self.normaliser, len(self), self.vocabulary.to_json())

    def save(self, folder: Path) -> None:
        save_tokenizer(folder, self.kind, self.normaliser, len(self), self.vocabulary.to_json())

    def known(self, ids: Sequence[int]) -> list[str]:
        """The symbols of some ids, "<unk>" among them, without the other specials. DataError for one outside."""
        symbols = self.vocabulary.symbols
        return [
            symbols[index] for index in check_ids(ids, len(self)) if index == UNK or index >= len(SPECIALS)
        ]
