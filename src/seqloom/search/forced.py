"""Forced scoring: what the model gives a target that is already known, by the same steps that a search takes."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from seqloom.base.errors import UsageError
from seqloom.models.state import SearchableModel, State
from seqloom.search.constraints import IMPOSSIBLE
from seqloom.search.hypothesis import Hypothesis
from seqloom.search.options import SearchOptions
from seqloom.search.path import follow
from seqloom.search.scoring import Job
from seqloom.search.trail import Integers


@torch.no_grad()
def force(
    model: SearchableModel,
    state: State,
    source_lengths: Tensor,
    targets: Sequence[Sequence[int]],
    options: SearchOptions = SearchOptions(),  # noqa: B008 - frozen
    *,
    alignment: bool = False,
    bos: int = 2,
    eos: int = 3,
) -> list[Hypothesis]:
    """Score one target for each sentence; of the options only the penalties count.

    state           model.start(memory), one row a sentence
    source_lengths  (B,) as in a batch, on the model's device
    targets         symbols without BOS and EOS
    Raises          UsageError for a symbol that the model doesn't have or for EOS; DamagedModelError for scores that
                    are not numbers
    """
    if len(targets) != len(source_lengths):
        raise UsageError(
            f"There are {len(targets)} targets for {len(source_lengths)} sentences; expected one each."
        )
    steps = max((len(target) for target in targets), default=0) + 1
    dense = np.full((len(targets), steps), eos, dtype=np.int64)
    for sentence, target in enumerate(targets):
        if eos in target:
            raise UsageError(
                f"Target {sentence} (counted from 0) holds EOS ({eos}), which is added here; take it out."
            )
        dense[sentence, : len(target)] = target
    columns = torch.from_numpy(dense).to(source_lengths.device)

    def choose(
        log_probs: Tensor,
        position: int,
        sentences: Integers,
        history: Tensor | None,  # noqa: ARG001
    ) -> tuple[Tensor, Tensor]:
        if position == 0:
            _check_symbols(dense, log_probs.shape[2])
        symbols = columns[torch.from_numpy(sentences).to(columns.device), position, None]
        return symbols, log_probs[:, 0].gather(1, symbols).clamp(min=IMPOSSIBLE)

    job = Job(source_lengths, bos, eos, alignment, options.length_penalty, options.coverage_penalty)
    trail = follow(model, state, job, choose, history=False)
    return [found[0] for found in trail.hypotheses(source_lengths.tolist(), None)]


def _check_symbols(targets: Integers, vocabulary: int) -> None:
    """Raise UsageError for a symbol that the model doesn't have."""
    beyond = (targets < 0) | (targets >= vocabulary)
    if beyond.any():
        sentence, position = np.argwhere(beyond)[0]
        raise UsageError(
            f"Target {sentence} (counted from 0) holds symbol {targets[sentence, position]}; "
            f"the model scores 0 to {vocabulary - 1}."
        )
