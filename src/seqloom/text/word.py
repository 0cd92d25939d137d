"""The word tokenizer: an id a word or punctuation mark."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from seqloom.base.errors import DataError
from seqloom.text.grouping import WordGroup
from seqloom.text.normalise import Normaliser
from seqloom.text.storage import fingerprint, save_tokenizer
from seqloom.text.vocabulary import SPECIALS, UNK, Vocabulary, check_ids
from seqloom.text.words import bare, join_words, split_stretch, split_words, stretch_owners


class WordTokenizer:
    """Words by id; a word not seen in training is UNK and decodes as "<unk>".

    decode(encode(x)) == normalise(x) for single-spaced text of known words.
    """

    kind = "word"

    def __init__(self, vocabulary: Vocabulary, normaliser: Normaliser) -> None:
        self.vocabulary = vocabulary
        self.normaliser = normaliser

    def __len__(self) -> int:
        return len(self.vocabulary)

    def normalise(self, text: str) -> str:
        return self.normaliser(text)

    def encode(self, text: str) -> list[int]:
        return self.vocabulary.ids_of(split_words(self.normaliser(text)))

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def sample(self, text: str, strength: float, generator: np.random.Generator) -> list[int]:
        """The same as `encode`: a word has one spelling in ids."""
        del strength, generator
        return self.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        symbols = self.vocabulary.symbols
        shown = [index for index in check_ids(ids, len(self)) if index == UNK or index >= len(SPECIALS)]
        return join_words(symbols[index] for index in shown)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        symbols = self.vocabulary.symbols
        return [bare(symbols[index]) for index in check_ids(ids, len(self))]

    def word_groups(self, ids: Sequence[int]) -> list[WordGroup]:
        """Each token is a group of its own."""
        return [WordGroup(piece, index, index + 1) for index, piece in enumerate(self.pieces(ids))]

    def reading(self, text: str) -> "WordTokenizer":
        extended = self.vocabulary.reading(split_words(self.normaliser(text)))
        return self if extended is self.vocabulary else WordTokenizer(extended, self.normaliser)

    def word_numbers(self, text: str, ids: Sequence[int]) -> list[int]:
        """Needs no ids: an unseen word's doesn't tell whether a space stood before it."""
        del ids
        stretches = self.normaliser(text).split()
        owners = stretch_owners(text, self.normaliser)
        return [
            owner for owner, stretch in zip(owners, stretches, strict=True) for _ in split_stretch(stretch)
        ]

    def fingerprint(self) -> str:
        return fingerprint(self.kind, self.normaliser, len(self), self.vocabulary.to_json())

    def save(self, folder: Path) -> None:
        save_tokenizer(folder, self.kind, self.normaliser, len(self), self.vocabulary.to_json())


def train_word_tokenizer(lines: Iterable[str], *, size: int, normaliser: Normaliser) -> WordTokenizer:
    """Keep the `size` most frequent words; fewer when the lines hold fewer. Raises DataError when they hold none."""
    counts: Counter[str] = Counter()
    for line in lines:
        for stretch in normaliser(line).split():
            counts.update(split_stretch(stretch))
    if not counts:
        raise DataError("There is no text to take words from: every line is empty.")
    return WordTokenizer(Vocabulary.from_counts(counts, size=size), normaliser)
