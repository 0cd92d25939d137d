"""The space tokenizer: an id for each symbol that stands between white space, and nothing is split further."""

from collections import Counter
from collections.abc import Iterable, Sequence

from seqloom.base.errors import DataError
from seqloom.text.listed import ListedTokenizer
from seqloom.text.normalise import Normaliser
from seqloom.text.vocabulary import Vocabulary
from seqloom.text.words import stretch_owners


class SpaceTokenizer(ListedTokenizer):
    """Symbols by id, as white space separates them: phones, commands, names such as resto_rome_cheap_8stars.

    decode(encode(x)) == normalise(x) for text of known symbols; one not seen in training decodes as "<unk>".
    """

    kind = "space"

    def symbols_of(self, text: str) -> list[str]:
        return self.normaliser(text).split()

    def normalise(self, text: str) -> str:
        """Single blanks between symbols, and none around them."""
        return " ".join(self.symbols_of(text))

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join(self.known(ids))

    def word_numbers(self, text: str, ids: Sequence[int]) -> list[int]:
        """Needs no ids, as each is a word."""
        del ids
        return stretch_owners(text, self.normaliser)


def train_space_tokenizer(lines: Iterable[str], *, size: int, normaliser: Normaliser) -> SpaceTokenizer:
    """Keep the `size` most frequent symbols; fewer when the lines hold fewer. Raises DataError when they hold none."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts.update(normaliser(line).split())
    if not counts:
        raise DataError("There is no text to take symbols from: every line is empty.")
    return SpaceTokenizer(Vocabulary.from_counts(counts, size=size), normaliser)
