"""Search for many sentences: in batches of like lengths, given back in the order they came."""

from collections.abc import Sequence
from typing import Protocol

import torch

from seqloom.data.batch import Batch, collate
from seqloom.models.state import Memory, SearchableModel
from seqloom.search.beam import beam_search
from seqloom.search.greedy import greedy_search
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SearchOptions


class EncodingModel(SearchableModel, Protocol):
    """A model that reads its source itself."""

    def encode(self, batch: Batch) -> Memory:
        """Read the source once."""
        ...


@torch.no_grad()
def search_many(
    model: EncodingModel,
    sources: Sequence[Sequence[int]],
    options: SearchOptions,
    *,
    batch_sentences: int,
    device: torch.device,
    prefixes: Sequence[Sequence[int]] | None = None,
) -> list[list[Hypothesis]]:
    """The n best hypotheses for each source of ids (no BOS, no EOS), in the sources' order.

    batch_sentences  sources searched together; sorted by length, so that little is spent on padding
    prefixes         what each output must start with
    """
    order = sorted(range(len(sources)), key=lambda index: -len(sources[index]))
    found: list[list[Hypothesis]] = [[] for _ in sources]
    for start in range(0, len(order), batch_sentences):
        rows = order[start : start + batch_sentences]
        batch = collate([sources[row] for row in rows]).to(device)
        state = model.start(model.encode(batch))
        begun = None if prefixes is None else [prefixes[row] for row in rows]
        if options.beam == 1:
            single = greedy_search(model, state, batch.source_lengths, options, prefixes=begun)
            hypotheses = [[hypothesis] for hypothesis in single]
        else:
            hypotheses = beam_search(model, state, batch.source_lengths, options, prefixes=begun)
        for row, best in zip(rows, hypotheses, strict=True):
            found[row] = best
    return found
