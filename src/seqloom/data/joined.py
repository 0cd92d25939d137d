"""Pairs that people wrote and pairs whose source a model wrote, as one corpus: tagged back-translation."""

from collections.abc import Mapping

import numpy as np

from seqloom.data.corpus import Corpus, Ids
from seqloom.data.links import Link, Span
from seqloom.data.pairs import Pair
from seqloom.text.vocabulary import BOS


class JoinedCorpus:
    """A corpus and, after it, the back-translated one, whose sources begin with a tag.

    The tag tells the model which sources to trust (Caswell et al. 2019). It is the symbol BOS, with which no source
    begins otherwise, so that it costs no symbol of the vocabulary. Memory: eight bytes a row for the lengths.
    """

    def __init__(self, written: Corpus, back_translated: Corpus) -> None:
        self.parts = (written, back_translated)
        self.key = f"{written.key}+{back_translated.key}"
        self.max_length = written.max_length + 1
        self.keeps_text = written.keeps_text and back_translated.keeps_text
        self.aligned = written.aligned
        self.notices = written.notices + back_translated.notices
        self.source_lengths = np.concatenate([written.source_lengths, back_translated.source_lengths + 1])
        self.target_lengths = np.concatenate([written.target_lengths, back_translated.target_lengths])

    @property
    def pairs_read(self) -> int:
        """Of both."""
        return sum(part.pairs_read for part in self.parts)

    @property
    def dropped(self) -> Mapping[str, int]:
        """Pairs left out of either, by reason."""
        written, made = (part.dropped for part in self.parts)
        return {
            reason: written.get(reason, 0) + made.get(reason, 0) for reason in written.keys() | made.keys()
        }

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def _place(self, row: int) -> tuple[Corpus, int]:
        written, made = self.parts
        return (written, row) if row < len(written) else (made, row - len(written))

    def tag(self, row: int) -> list[int]:
        """What a row's source begins with: nothing, or the tag."""
        return [] if row < len(self.parts[0]) else [BOS]

    def source(self, row: int) -> Ids:
        """The source ids of a row, tag included. Raises IndexError."""
        part, own = self._place(row)
        return np.concatenate([np.array(self.tag(row), np.int64), part.source(own)])

    def target(self, row: int) -> Ids:
        """The target ids of a row. Raises IndexError."""
        part, own = self._place(row)
        return part.target(own)

    def text(self, row: int) -> Pair:
        """The text of a row as it was read, without the tag."""
        part, own = self._place(row)
        return part.text(own)

    def spans(self, row: int) -> list[Span]:
        """The word alignment of a row; nothing is known of the back-translated ones."""
        return self.parts[0].spans(row) if row < len(self.parts[0]) else []

    def links(self, row: int) -> list[Link]:
        """The same between words."""
        return self.parts[0].links(row) if row < len(self.parts[0]) else []

    def release(self) -> None:
        """As Corpus.release, of both."""
        for part in self.parts:
            part.release()
