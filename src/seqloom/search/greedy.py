"""Greedy search: the likeliest symbol at each step. A beam of one gives the same."""

from collections.abc import Sequence

import torch
from torch import Tensor

from seqloom.models.state import SearchableModel, State
from seqloom.search.constraints import Constraints
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SearchOptions
from seqloom.search.path import follow
from seqloom.search.scoring import Job
from seqloom.search.selection import best_continuations
from seqloom.search.trail import Integers


@torch.no_grad()
def greedy_search(
    model: SearchableModel,
    state: State,
    source_lengths: Tensor,
    options: SearchOptions = SearchOptions(),  # noqa: B008 - frozen
    *,
    prefixes: Sequence[Sequence[int]] | None = None,
    alignment: bool = False,
    bos: int = 2,
    eos: int = 3,
    pad: int = 0,
) -> list[Hypothesis]:
    """Find one hypothesis for each sentence, by taking the likeliest symbol that may be written.

    state           model.start(memory), one row a sentence
    source_lengths  (B,) as in a batch, on the model's device
    prefixes        what each output must start with
    alignment       whether to keep what each step looked at
    Raises          UsageError for a symbol the model doesn't have; DamagedModelError for scores that are not numbers
    """
    lengths = source_lengths.tolist()
    constraints = Constraints(options, lengths, prefixes, bos=bos, eos=eos, pad=pad)
    job = Job(source_lengths, bos, eos, alignment, options.length_penalty, options.coverage_penalty)

    def choose(
        log_probs: Tensor, position: int, sentences: Integers, history: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        constraints.apply(log_probs, position, sentences, history)
        nothing = torch.zeros_like(log_probs[:, :, 0])
        values, symbols = best_continuations(log_probs, nothing, 1)
        return symbols, values

    trail = follow(model, state, job, choose, history=constraints.needs_history)
    return [found[0] for found in trail.hypotheses(lengths, constraints.caps.tolist())]
