"""What all searches share: one step of the model read as log-probabilities, and the score at the end."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from seqloom.base.errors import DamagedModelError, UsageError
from seqloom.base.shapes import check_shape
from seqloom.models.state import SearchableModel, State
from seqloom.search.penalties import coverage_penalty, length_penalty
from seqloom.search.trail import Floats, Integers


@dataclass(frozen=True)
class Job:
    """What one search is asked for one batch, besides how it chooses.

    source_lengths  (B,) on the model's device
    alignment       whether hypotheses carry what they looked at
    alpha, beta     exponent of the length penalty, weight of the coverage penalty
    """

    source_lengths: Tensor
    bos: int
    eos: int
    alignment: bool
    alpha: float = 0.0
    beta: float = 0.0

    def __post_init__(self) -> None:
        check_shape(self.source_lengths, "B", "source_lengths")

    def normalised(self, total: Floats, length: int) -> Floats:
        """total (n, w) nats of hypotheses that are `length` symbols long, EOS counted -> divided by lp."""
        return total / length_penalty(length, self.alpha)

    def covered(self, coverage: Tensor | None, alignment: Tensor | None) -> Tensor | None:
        """coverage before a step, None at the first, and alignment of the step (n, w, S) -> after it, if it counts."""
        if self.beta == 0 or alignment is None:
            return None
        return alignment if coverage is None else coverage + alignment

    def unread(self, lengths: Tensor, coverage: Tensor) -> Tensor:
        """cp for sources of these lengths (n,) and coverage (n, w, S) -> (n, w) nats."""
        visible = torch.arange(coverage.shape[2], device=lengths.device) < lengths[:, None]
        return coverage_penalty(coverage, visible[:, None], self.beta)


class Scored(NamedTuple):
    """What one step says of w rows of each of n sentences.

    log_probs  (n, w, V)  of the next symbol, float32 or better; the search's own, to write on
    broken     (n,)       bool, True where the model's scores are not numbers
    alignment  (n, w, S)  None if not needed, or if the model has no attention
    state                 to go on from
    """

    log_probs: Tensor
    broken: Tensor
    alignment: Tensor | None
    state: State


def on_host(*tensors: Tensor) -> list[npt.NDArray[Any]]:
    """As arrays, which share their memory with what is there already."""
    return [tensor.cpu().numpy() for tensor in tensors]


def on_device(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """The way back."""
    return torch.from_numpy(array).to(device)


def score_next(model: SearchableModel, tokens: Integers, state: State, job: Job) -> Scored:
    """Feed each row its last symbol, tokens (n, w), and read the log-probabilities of the next.

    These are made for all symbols, though a beam reads few: the choice goes over raw logits as well, less each row's
    logsumexp, but PyTorch takes twice as long for that as for a log_softmax. 320 rows of 10,000 on one thread are
    normalised, banned and chosen from in 2.6 ms, from the logits in 4.6; the product that makes these takes 18.

    Raises  ShapeError when the model does not give one row a token; UsageError when coverage is asked of a model
            without attention
    """
    written = on_device(tokens.ravel(), job.source_lengths.device)
    step = model.step(written, state, alignment=job.alignment or job.beta > 0)
    check_shape(step.scores, "N V", "the scores of model.step", N=tokens.size)
    precision = torch.promote_types(step.scores.dtype, torch.float32)
    if step.final:
        log_probs = step.scores.to(precision, copy=True).view(*tokens.shape, -1)
        broken = (~(log_probs.amax(dim=-1) < torch.inf)).any(dim=1)  # NaN is the largest of all
    else:
        log_probs = torch.log_softmax(step.scores, dim=-1, dtype=precision).view(*tokens.shape, -1)
        # NaN, +inf, or -inf alone make NaN of every symbol of their row
        broken = log_probs[:, :, 0].isnan().any(dim=1)
    if step.alignment is None:
        if job.beta > 0:
            raise UsageError("The coverage penalty needs a model with attention; set coverage_penalty = 0.")
        return Scored(log_probs, broken, None, step.state)
    check_shape(step.alignment, "N S", "the alignment of model.step", N=tokens.size)
    return Scored(log_probs, broken, step.alignment.reshape(*tokens.shape, -1), step.state)


def refuse_broken(broken: npt.NDArray[np.bool_], sentences: Integers, position: int) -> None:
    """Raise DamagedModelError if any of these sentences has scores that are not numbers."""
    for sentence, is_broken in zip(sentences, broken, strict=True):
        if is_broken:
            raise DamagedModelError(
                f"The model's scores for symbol {position} of sentence {sentence} of the batch (both counted from 0) "
                "are not numbers: there is a NaN or an infinity among them. "
                "Its weights are damaged or its training diverged; use an earlier checkpoint."
            )
