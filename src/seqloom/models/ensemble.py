"""Several models over one vocabulary as one: a search can't tell the difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from seqloom.data.batch import Batch
from seqloom.models.seq2seq import Seq2Seq
from seqloom.models.state import Step


@dataclass(frozen=True)
class EnsembleState:
    """states: each member's own."""

    states: tuple[Any, ...]

    def reorder(self, rows: Tensor) -> "EnsembleState":
        """The state of those rows."""
        return EnsembleState(tuple(state.reorder(rows) for state in self.states))


class Ensemble(nn.Module):
    """Scores are the logarithm of the members' mean probabilities; members may be of any architecture.

    Source: the average over members in Sutskever et al. 2014, section 3.2. The alignment is the mean over the members
    that have one.
    """

    def __init__(self, members: Sequence[Seq2Seq]) -> None:
        super().__init__()
        if not members:
            raise ValueError("an ensemble needs a member.")
        self.members = cast(Sequence[Seq2Seq], nn.ModuleList(members))

    def encode(self, batch: Batch) -> Any:
        """Each member reads the source: a memory each."""
        return tuple(member.encode(batch) for member in self.members)

    def start(self, memory: Any) -> Any:
        """Each member's state before the first symbol."""
        pairs = zip(self.members, memory, strict=True)
        return EnsembleState(tuple(member.start(own) for member, own in pairs))

    def step(self, tokens: Tensor, state: Any, *, alignment: bool = False) -> Step:
        """One symbol further: scores (N, V) are log-probabilities, alignment (N, S) if asked and there is one."""
        steps = [
            member.step(tokens, own, alignment=alignment)
            for member, own in zip(self.members, state.states, strict=True)
        ]
        looked = [step.alignment for step in steps if step.alignment is not None]
        return Step(
            log_mean_probability([step.scores for step in steps]),
            torch.stack(looked).mean(0) if looked else None,
            EnsembleState(tuple(step.state for step in steps)),
            final=True,
        )


def log_mean_probability(scores: Sequence[Tensor]) -> Tensor:
    """Several models' scores (N, V) -> the logarithm of their mean probabilities, float32 or better, none above 0.

    It never leaves the logarithm, so that what is too small for a float isn't lost; and is added up model by model, as
    a logsumexp over all of them, stacked, takes four times as long.
    """
    exact = torch.promote_types(scores[0].dtype, torch.float32)
    total = scores[0].log_softmax(dim=-1, dtype=exact)
    for others in scores[1:]:
        total = torch.logaddexp(total, others.log_softmax(dim=-1, dtype=exact))
    return (total - math.log(len(scores))).clamp(max=0.0)
