"""Several models' opinions as one: a weighted sum of log-probabilities, which a search can't tell from a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from seqloom.models.state import Memory, SearchableModel, State, Step
from seqloom.text.vocabulary import BOS, EOS


class Part(NamedTuple):
    """A model and what its log-probabilities count, above 0."""

    model: SearchableModel
    weight: float


class UnconditionalModel(Protocol):
    """A model that reads nothing but what is written: a language model."""

    def start(self, rows: int) -> State:
        """The state before the first symbol of so many texts."""
        ...

    def step(self, tokens: Tensor, state: State, *, alignment: bool = False) -> Step:
        """Read one symbol a row, tokens (N,), and score the next."""
        ...


class WithoutMemory:
    """A language model with the face of one that has a memory, of which it knows only how many rows there are.

    To a language model the symbol that ends a line stands before the first one too, where others are told to begin.
    """

    def __init__(self, model: UnconditionalModel) -> None:
        self.model = model

    def start(self, memory: Memory) -> State:
        """The state before the first symbol, N = B rows."""
        return self.model.start(len(memory.visible))

    def step(self, tokens: Tensor, state: State, *, alignment: bool = False) -> Step:  # noqa: ARG002 - nothing to look at
        """Read one symbol a row and score the next."""
        read = tokens.masked_fill(tokens == BOS, EOS)
        return self.model.step(read, state)._replace(alignment=None)


@dataclass(frozen=True)
class CompositionState:
    """states: each part's own."""

    states: tuple[Any, ...]

    def reorder(self, rows: Tensor) -> "CompositionState":
        """The state of those rows."""
        return CompositionState(tuple(state.reorder(rows) for state in self.states))


class Composition:
    """score(y | y before) = sum of weight * log P(y | y before) over the parts; the sum is not normalised again.

    All parts start from one memory and read the same symbols. The alignment is the first part's that gives one.
    Source   Watanabe et al. 2017, equation 15, for CTC beside attention; Gulcehre et al. 2015, equation 9, for a
             language model beside either
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        if not parts or any(part.weight <= 0 for part in parts):
            raise ValueError("a composition needs parts, each with a weight above 0.")
        self.parts = tuple(parts)

    def start(self, memory: Any) -> CompositionState:
        """Each part's state before the first symbol."""
        return CompositionState(tuple(part.model.start(memory) for part in self.parts))

    def step(self, tokens: Tensor, state: Any, *, alignment: bool = False) -> Step:
        """One symbol further: scores (N, V) to be added up as they are."""
        total: Tensor | None = None
        looked: Tensor | None = None
        states = []
        for part, own in zip(self.parts, state.states, strict=True):
            step = part.model.step(tokens, own, alignment=alignment)
            exact = torch.promote_types(step.scores.dtype, torch.float32)
            log_probs = step.scores.to(exact) if step.final else step.scores.log_softmax(dim=-1, dtype=exact)
            scores = part.weight * log_probs
            total = scores if total is None else total + scores
            looked = step.alignment if looked is None else looked
            states.append(step.state)
        if total is None:
            raise ValueError("a composition needs parts.")
        return Step(total, looked, CompositionState(tuple(states)), final=True)
