"""The word tokenizer: an id a word or punctuation mark."""

from collections import Counter
from collections.abc import Iterable, Sequence

from seqloom.base.errors import DataError
from seqloom.text.listed import ListedTokenizer
from seqloom.text.normalise import Normaliser
from seqloom.text.vocabulary import Vocabulary, check_ids
from seqloom.text.words import bare, join_words, split_stretch, split_words, stretch_owners


class WordTokenizer(ListedTokenizer):
    """Words by id; a word not seen in training is UNK and decodes as "<unk>".

    decode(encode(x)) == normalise(x) for single-spaced text of known words.
    """

    kind = "word"

    def symbols_of(self, text: str) -> list[str]:
        return split_words(self.normaliser(text))

    def decode(self, ids: Sequence[int]) -> str:
        return join_words(self.known(ids))

    def pieces(self, ids: Sequence[int]) -> list[str]:
        symbols = self.vocabulary.symbols
        return [bare(symbols[index]) for index in check_ids(ids, len(self))]

    def word_numbers(self, text: str, ids: Sequence[int]) -> list[int]:
        """Needs no ids: an unseen word's doesn't tell whether a space stood before it."""
        del ids
        stretches = self.normaliser(text).split()
        owners = stretch_owners(text, self.normaliser)
        return [
            owner for owner, stretch in zip(owners, stretches, strict=True) for _ in split_stretch(stretch)
        ]


def train_word_tokenizer(lines: Iterable[str], *, size: int, normaliser: Normaliser) -> WordTokenizer:
    """Keep the `size` most frequent words; fewer when the lines hold fewer. Raises DataError when they hold none."""
    counts: Counter[str] = Counter()
    for line in lines:
        for stretch in normaliser(line).split():
            counts.update(split_stretch(stretch))
    if not counts:
        raise DataError("There is no text to take words from: every line is empty.")
    return WordTokenizer(Vocabulary.from_counts(counts, size=size), normaliser)
