"""The character tokenizer: an id a character (a Unicode code point)."""

from collections import Counter
from collections.abc import Iterable, Sequence

from seqloom.base.errors import DataError
from seqloom.text.grouping import WordGroup, group_pieces
from seqloom.text.listed import ListedTokenizer
from seqloom.text.normalise import Normaliser
from seqloom.text.vocabulary import SPECIALS, UNK, Vocabulary, check_ids
from seqloom.text.words import character_owners

REPLACEMENT = "\ufffd"
"""What an unseen character decodes as: Unicode's own sign for it, one character for one character."""


class CharacterTokenizer(ListedTokenizer):
    """Characters by id; one not seen in training is UNK and decodes as U+FFFD.

    decode(encode(x)) == normalise(x) for text of known characters.
    """

    kind = "character"

    def symbols_of(self, text: str) -> str:
        return self.normaliser(text)

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(map(self._text_of, check_ids(ids, len(self))))

    def word_groups(self, ids: Sequence[int]) -> list[WordGroup]:
        spelled = [self._text_of(index).encode() or SPECIALS[index] for index in check_ids(ids, len(self))]
        return group_pieces(spelled, bytes.decode)

    def word_numbers(self, text: str, ids: Sequence[int]) -> list[int]:
        """Needs no ids, as each is a character."""
        del ids
        return character_owners(text, self.normaliser)

    def _text_of(self, index: int) -> str:
        if index < len(SPECIALS):
            return REPLACEMENT if index == UNK else ""
        return self.vocabulary.symbols[index]


def train_character_tokenizer(
    lines: Iterable[str], *, size: int, normaliser: Normaliser
) -> CharacterTokenizer:
    """Keep the `size` most frequent characters; fewer when the lines hold fewer. DataError when they hold none."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(normaliser(line))
    if not counts:
        raise DataError("There is no text to take characters from: every line is empty.")
    return CharacterTokenizer(Vocabulary.from_counts(counts, size=size), normaliser)
