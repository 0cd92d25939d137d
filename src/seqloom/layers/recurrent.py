"""Cells run over sequences of different lengths: forwards, backwards, in both directions, in layers.

Padding stands after a sequence's end and nothing reads it: the forward direction meets it last, the backward
direction reads each sequence reversed within its own length, and final states are taken at each sequence's end.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from seqloom.layers.cells import Cell, CellState, StackedCell
from seqloom.layers.dropout import Dropout
from seqloom.layers.family import CELLS

StackState = tuple[CellState, ...]


def reversing_index(lengths: Tensor, positions: int) -> Tensor:
    """Indices (B, S) that reverse each sequence within its length and leave its padding in place."""
    forward = torch.arange(positions, device=lengths.device)
    backward = lengths[:, None] - 1 - forward
    return torch.where(backward >= 0, backward, forward)


def take_positions(sequence: Tensor, index: Tensor) -> Tensor:
    """sequence (B, S, D), index (B, S') -> the vectors (B, S', D) at those positions."""
    return sequence.gather(1, index[:, :, None].expand(-1, -1, sequence.shape[2]))


def recurrent_weight_dropout(cell: str, probability: float) -> Dropout | None:
    """What drops elements of that cell's recurrent weight matrix; None for a probability of 0.

    Raises   ValueError for a cell without one
    Source   DropConnect (Wan et al. 2013), on recurrent weights as in Merity et al. 2018, section 2
    """
    if probability and not issubclass(CELLS[cell], StackedCell):
        raise ValueError(
            f'recurrent_dropout = {probability}, but the cell "{cell}" has no recurrent weight matrix.'
        )
    return Dropout(probability) if probability else None


def thinned_weight(cell: Cell, dropout: Dropout | None) -> Tensor | None:
    """The cell's recurrent weight with elements dropped, drawn once a pass; None where nothing is dropped."""
    if dropout is None or not dropout.drops or not isinstance(cell, StackedCell):
        return None
    weight: Tensor = dropout(cell.recurrent_weight)
    return weight


def run_cell(
    cell: Cell, weight: Tensor | None, inputs: Tensor, state: CellState, lengths: Tensor | None = None
) -> tuple[Tensor, CellState]:
    """The cell's `sequence`, with `weight` in place of its recurrent weight unless that is None."""
    if weight is None:
        return cell.sequence(inputs, state, lengths)
    ran: tuple[Tensor, CellState] = functional_call(
        cell, {"recurrent_weight": weight}, (inputs, state, lengths)
    )
    return ran


class RecurrentLayer(nn.Module):
    """One layer of a recurrent encoder, in one direction or two (Schuster and Paliwal 1997)."""

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        *,
        bidirectional: bool,
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.forward_cell = CELLS[cell](input_size, hidden_size)
        self.backward_cell = CELLS[cell](input_size, hidden_size) if bidirectional else None
        self.output_size = hidden_size * (2 if bidirectional else 1)
        self.weight_dropout = recurrent_weight_dropout(cell, recurrent_dropout)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, CellState]:
        """Read whole sequences.

        inputs   (B, S, D); what stands in the padding changes nothing that counts
        lengths  (B,), at least 1
        Returns  outputs (B, S, output_size), and each row's final state, directions joined: (B, output_size) each
        """
        outputs, state = self.run(self.forward_cell, inputs, lengths)
        if self.backward_cell is None:
            return outputs, state
        index = reversing_index(lengths, inputs.shape[1])
        backward, backward_state = self.run(self.backward_cell, take_positions(inputs, index), lengths)
        outputs = torch.cat([outputs, take_positions(backward, index)], dim=-1)
        joined = tuple(torch.cat(pair, dim=-1) for pair in zip(state, backward_state, strict=True))
        return outputs, joined

    def run(self, cell: Cell, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, CellState]:
        """One direction, from the empty state."""
        weight = thinned_weight(cell, self.weight_dropout)
        return run_cell(cell, weight, inputs, cell.start(len(inputs)), lengths)


class StackDraws(NamedTuple):
    """What a training pass draws once for all its positions; evaluation draws nothing.

    seeds    of the locked masks below each layer but the first; None where dropout isn't locked
    weights  each layer's recurrent weight with elements dropped; None where none are
    """

    seeds: tuple[int | None, ...]
    weights: tuple[Tensor | None, ...]


class RecurrentStack(nn.Module):
    """Layers of one direction run one above the other, as a decoder's; dropout between layers (Zaremba et al. 2014).

    The state is a tuple with each layer's cell state. Residual, each layer but the first adds its input to its output:
    x + cell(dropout(x)) (Wu et al. 2016, section 3.1).
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        layers: int,
        dropout: float,
        *,
        locked: bool = False,
        recurrent_dropout: float = 0.0,
        residual: bool = False,
    ) -> None:
        super().__init__()
        sizes = [input_size] + [hidden_size] * (layers - 1)
        modules = nn.ModuleList(CELLS[cell](size, hidden_size) for size in sizes)
        self.cells = cast(Sequence[Cell], modules)
        self.dropout = Dropout(dropout, locked=locked)
        self.weight_dropout = recurrent_weight_dropout(cell, recurrent_dropout)
        self.residual = residual

    def draw(self) -> StackDraws:
        """For a pass that goes position by position, which gives it to each of its calls."""
        seeds = tuple(self.dropout.draw() for _ in self.cells[1:])
        return StackDraws(seeds, tuple(thinned_weight(cell, self.weight_dropout) for cell in self.cells))

    def forward(
        self, inputs: Tensor, state: StackState, draws: StackDraws | None = None
    ) -> tuple[Tensor, StackState]:
        """inputs (N, T, D), state -> outputs of the top layer (N, T, H), the state after the last position."""
        seeds, weights = self.draw() if draws is None else draws
        after = []
        for layer, (cell, weight, cell_state) in enumerate(zip(self.cells, weights, state, strict=True)):
            read = inputs if layer == 0 else self.dropout(inputs, seed=seeds[layer - 1])
            outputs, cell_state = run_cell(cell, weight, read, cell_state)
            inputs = inputs + outputs if self.residual and layer > 0 else outputs
            after.append(cell_state)
        return inputs, tuple(after)

    def output_at(self, state: StackState) -> Tensor:
        """What the top layer gave at the position that left this state (N, H)."""
        return top_output(state, residual=self.residual)


def top_output(state: StackState, *, residual: bool) -> Tensor:
    """The top layer's output from all layers' states: with residuals it is the sum of the cells' outputs."""
    return torch.stack([layer[0] for layer in state]).sum(0) if residual else state[-1][0]
