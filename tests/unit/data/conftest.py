"""A stand-in for the tokenizers, so that the data floor is tested on its own."""

from collections.abc import Sequence

import numpy as np
import pytest


class StandInTokenizer:
    """Cuts at blanks; a word's id is 4 plus its length, so that answers can be written down by hand."""

    kind = "word"

    def __init__(self, size: int = 100, form: str = "none") -> None:
        self.size = size
        self.form = form

    def __len__(self) -> int:
        return self.size

    def encode(self, text: str) -> list[int]:
        return [min(4 + len(word), self.size - 1) for word in text.split(" ") if word]

    def encode_many(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def sample(self, text: str, strength: float, generator: np.random.Generator) -> list[int]:
        """Like encode, with some ids repeated: more of them, the greater the strength."""
        return [id_ for id_ in self.encode(text) for _ in range(1 + int(generator.random() < strength))]

    def word_numbers(self, text: str, ids: Sequence[int]) -> list[int]:
        """An id a word."""
        assert list(ids) == self.encode(text)
        return list(range(len(ids)))

    def fingerprint(self) -> str:
        return f"{self.size} {self.form}"


@pytest.fixture
def tokenizer() -> StandInTokenizer:
    return StandInTokenizer()


@pytest.fixture
def make_tokenizer() -> type[StandInTokenizer]:
    return StandInTokenizer
