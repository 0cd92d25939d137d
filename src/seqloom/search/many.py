"""Search for many sentences: in batches of like lengths, given back in the order they came."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch

from seqloom.data.batch import Batch, collate
from seqloom.models.state import Memory, SearchableModel
from seqloom.search.beam import beam_search
from seqloom.search.forced import force
from seqloom.search.greedy import greedy_search
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SamplingOptions, SearchOptions
from seqloom.search.sample import sample


class EncodingModel(SearchableModel, Protocol):
    """A model that reads its source itself."""

    def encode(self, batch: Batch) -> Memory:
        """Read the source once."""
        ...


@torch.no_grad()
def search_many(
    model: EncodingModel,
    sources: Sequence[Sequence[int]],
    options: SearchOptions | SamplingOptions,
    *,
    batch_sentences: int,
    device: torch.device,
    prefixes: Sequence[Sequence[int]] | None = None,
    numbers: Sequence[int] | None = None,
) -> list[list[Hypothesis]]:
    """The n best hypotheses for each source of ids (no BOS, no EOS), in the sources' order; one each when sampling.

    batch_sentences  sources searched together; sorted by length, so that little is spent on padding
    prefixes         what each output must start with
    numbers          each source's number in the whole input, which with the seed fixes its sample
    """
    numbers = range(len(sources)) if numbers is None else numbers
    found: list[list[Hypothesis]] = [[] for _ in sources]
    for rows in batches_by_length([len(source) for source in sources], batch_sentences):
        batch = collate([sources[row] for row in rows]).to(device)
        state, lengths = model.start(model.encode(batch)), batch.source_lengths
        begun = None if prefixes is None else [prefixes[row] for row in rows]
        if isinstance(options, SamplingOptions):
            drawn = sample(
                model, state, lengths, options, numbers=[numbers[row] for row in rows], prefixes=begun
            )
            hypotheses = [[hypothesis] for hypothesis in drawn]
        elif options.beam == 1:
            single = greedy_search(model, state, lengths, options, prefixes=begun)
            hypotheses = [[hypothesis] for hypothesis in single]
        else:
            hypotheses = beam_search(model, state, lengths, options, prefixes=begun)
        for row, best in zip(rows, hypotheses, strict=True):
            found[row] = best
    return found


@torch.no_grad()
def force_many(
    model: EncodingModel,
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    *,
    batch_sentences: int,
    device: torch.device,
) -> list[Hypothesis]:
    """Each target as a hypothesis for its source, scored symbol by symbol, in order."""
    found: dict[int, Hypothesis] = {}
    for rows in batches_by_length([len(target) for target in targets], batch_sentences):
        batch = collate([sources[row] for row in rows]).to(device)
        state = model.start(model.encode(batch))
        found |= zip(
            rows, force(model, state, batch.source_lengths, [targets[row] for row in rows]), strict=True
        )
    return [found[row] for row in range(len(sources))]


def batches_by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Rows in batches of `size`, longest first."""
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    for start in range(0, len(order), size):
        yield order[start : start + size]
