"""What passes between an encoder, a decoder and a search: the memory, the state, one step."""

from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

import torch
from torch import Tensor

from seqloom.layers.cells import CellState


@dataclass(frozen=True)
class Memory:
    """A source, read once.

    values   (B, S, M)  a vector a position
    visible  (B, S)     bool, False at padding
    summary  (B, U)     one vector for the whole source, from which a recurrent decoder starts
    final    each encoder layer's final cell state, (B, H') tensors with directions joined; None if not recurrent
    copied   (B, S)     what a decoder that copies may write from each position; None for one that doesn't
    largest            of what it may write, where it is known without waiting for the device
    """

    values: Tensor
    visible: Tensor
    summary: Tensor
    final: tuple[CellState, ...] | None = None
    copied: Tensor | None = None
    largest: int | None = None


@dataclass(frozen=True)
class SourceView:
    """What a decoder keeps of a memory: kept once a sentence, however many rows of a search read it.

    tensors  each (B, ...), such as keys and values
    visible  (B, S) bool
    beam     rows that read each sentence, side by side: N = B * beam
    """

    tensors: tuple[Tensor, ...]
    visible: Tensor
    beam: int = 1

    def reorder(self, rows: Tensor) -> "SourceView":
        """rows (N',) -> the view of those rows. Nothing is copied while whole sentences keep equal shares."""
        if len(self.visible) == 1 and len(rows):  # a single sentence, which all rows read
            return SourceView(self.tensors, self.visible, len(rows))
        sentences = rows // self.beam
        kept, counts = torch.unique_consecutive(sentences, return_counts=True)
        beam = int(counts[0]) if len(counts) else 1
        if not bool((counts == beam).all()):  # uneven shares: every row gets a copy of its own
            kept, beam = sentences, 1
        if len(kept) == len(self.visible) and bool((kept[1:] > kept[:-1]).all()):
            return SourceView(self.tensors, self.visible, beam)  # all of them, in their order
        tensors = tuple(tensor.index_select(0, kept) for tensor in self.tensors)
        return SourceView(tensors, self.visible.index_select(0, kept), beam)

    def beside(self, rows: Tensor) -> Tensor:
        """Lay the rows of a sentence side by side as positions: (N, T, D) -> (B, W T, D)."""
        return rows if self.beam == 1 else rows.unflatten(0, (-1, self.beam)).flatten(1, 2)

    def apart(self, rows: Tensor) -> Tensor:
        """The way back: (B, W T, D) -> (N, T, D)."""
        if self.beam == 1:
            return rows
        return rows.unflatten(1, (self.beam, -1)).flatten(0, 1)


class State(Protocol):
    """What a decoder carries from one step to the next; a search can't tell what is in it."""

    def reorder(self, rows: Tensor) -> Self:
        """rows (N',) int64, indices of the rows that survive, in order; they may repeat -> the state of those rows."""
        ...


DecoderState = TypeVar("DecoderState", bound=State)


class Decoded(NamedTuple, Generic[DecoderState]):
    """What a decoder makes of T positions.

    features   (N, T, E)  for the output layer
    alignment  (N, T, S)  how much each source position was looked at; None if not asked for or if there is none
    state                 after the last position
    """

    features: Tensor
    alignment: Tensor | None
    state: DecoderState


class Step(NamedTuple):
    """One symbol further.

    scores     (N, V)  unnormalised log-probabilities of the next symbol
    alignment  (N, S)  how much each source position was looked at; None if not asked for or if there is none
    state              to go on from
    final      True where a search adds the scores up as they are, without a softmax: a weighted sum of several
               models' log-probabilities, none of them above 0
    """

    scores: Tensor
    alignment: Tensor | None
    state: State
    final: bool = False


class SearchableModel(Protocol):
    """What a search knows of a model."""

    def start(self, memory: Any, /) -> State:
        """The state before the first symbol: N = B rows of a memory, or, where nothing is read, N rows as told."""
        ...

    def step(self, tokens: Tensor, state: State, *, alignment: bool = False) -> Step:
        """Read one symbol a row, tokens (N,), and score the next."""
        ...
