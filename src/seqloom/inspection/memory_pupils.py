"""Fresh networks that learn a memory task, and how they are asked: encoder-decoders, and language models.

A language model has no source beside what it writes: it reads the source, BOS for a mark, and goes on with the answer,
which alone its loss counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from seqloom.data.batch import Batch, collate
from seqloom.data.synthetic import IdPair
from seqloom.data.text_batch import TextBatch
from seqloom.models.language_model import LanguageModel
from seqloom.models.seq2seq import Seq2Seq
from seqloom.search.greedy import greedy_search
from seqloom.search.many import search_many
from seqloom.search.options import SearchOptions
from seqloom.text.vocabulary import BOS, EOS, PAD
from seqloom.training.language_model import TextObjective
from seqloom.training.objective import Objective


class Pupil(Protocol):
    """A network with its objective, what it is taught by, and what it answers."""

    @property
    def network(self) -> Any:
        """What is trained."""
        ...

    @property
    def objective(self) -> Any:
        """What is minimised."""
        ...

    def batch(self, pairs: Sequence[IdPair]) -> Any:
        """Pairs as it learns them."""
        ...

    def answers(self, pairs: Sequence[IdPair], device: torch.device) -> list[list[int]]:
        """What it writes for each source, by greedy search."""
        ...


@dataclass(frozen=True)
class PairPupil:
    """An encoder-decoder."""

    network: Seq2Seq
    objective: Objective = field(default_factory=Objective)

    def batch(self, pairs: Sequence[IdPair]) -> Batch:
        """Pairs as it learns them."""
        return collate([pair.source for pair in pairs], [pair.target for pair in pairs])

    def answers(self, pairs: Sequence[IdPair], device: torch.device) -> list[list[int]]:
        """What it writes for each source, by greedy search."""
        found = search_many(
            self.network,
            [pair.source for pair in pairs],
            SearchOptions(beam=1),
            batch_sentences=len(pairs),
            device=device,
        )
        return [best[0].tokens for best in found]


@dataclass(frozen=True)
class TextPupil:
    """A language model."""

    network: LanguageModel
    objective: TextObjective = field(default_factory=TextObjective)

    def batch(self, pairs: Sequence[IdPair]) -> TextBatch:
        """Pairs as it learns them."""
        rows = [[EOS, *pair.source, BOS, *pair.target, EOS] for pair in pairs]
        longest = max(map(len, rows))
        texts = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
        outputs = texts[:, 1:].clone()
        for row, pair in enumerate(pairs):
            outputs[row, : len(pair.source) + 1] = PAD  # where nothing counts
        return TextBatch(texts[:, :-1], outputs)

    def answers(self, pairs: Sequence[IdPair], device: torch.device) -> list[list[int]]:
        """What it goes on with after each source, by greedy search."""
        asked = [[*pair.source, BOS] for pair in pairs]
        lengths = torch.tensor([len(each) for each in asked], device=device)
        begun = self.network.start(len(asked))
        found = greedy_search(self.network, begun, lengths, SearchOptions(beam=1), prefixes=asked, bos=EOS)
        return [best.tokens[len(each) :] for best, each in zip(found, asked, strict=True)]
