"""Cells run over sequences of different lengths: forwards, backwards, in both directions, in layers.

Padding stands after a sequence's end and nothing reads it: the forward direction meets it last, the backward
direction reads each sequence reversed within its own length, and final states are taken at each sequence's end.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from seqloom.layers.cells import Cell, CellState
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


class RecurrentLayer(nn.Module):
    """One layer of a recurrent encoder, in one direction or two (Schuster and Paliwal 1997)."""

    def __init__(self, cell: str, input_size: int, hidden_size: int, *, bidirectional: bool) -> None:
        super().__init__()
        self.forward_cell = CELLS[cell](input_size, hidden_size)
        self.backward_cell = CELLS[cell](input_size, hidden_size) if bidirectional else None
        self.output_size = hidden_size * (2 if bidirectional else 1)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, CellState]:
        """Read whole sequences.

        inputs   (B, S, D); what stands in the padding changes nothing that counts
        lengths  (B,), at least 1
        Returns  outputs (B, S, output_size), and each row's final state, directions joined: (B, output_size) each
        """
        outputs, state = self.forward_cell.sequence(inputs, self.forward_cell.start(len(inputs)), lengths)
        if self.backward_cell is None:
            return outputs, state
        index = reversing_index(lengths, inputs.shape[1])
        backward, backward_state = self.backward_cell.sequence(
            take_positions(inputs, index), self.backward_cell.start(len(inputs)), lengths
        )
        outputs = torch.cat([outputs, take_positions(backward, index)], dim=-1)
        joined = tuple(torch.cat(pair, dim=-1) for pair in zip(state, backward_state, strict=True))
        return outputs, joined


class RecurrentStack(nn.Module):
    """Layers of one direction run one above the other, as a decoder's; dropout between layers (Zaremba et al. 2014).

    The state is a tuple with each layer's cell state.
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int, layers: int, dropout: float) -> None:
        super().__init__()
        sizes = [input_size] + [hidden_size] * (layers - 1)
        modules = nn.ModuleList(CELLS[cell](size, hidden_size) for size in sizes)
        self.cells = cast(Sequence[Cell], modules)
        self.dropout = Dropout(dropout)

    def forward(self, inputs: Tensor, state: StackState) -> tuple[Tensor, StackState]:
        """inputs (N, T, D), state -> outputs of the top layer (N, T, H), the state after the last position."""
        after = []
        for layer, (cell, cell_state) in enumerate(zip(self.cells, state, strict=True)):
            if layer > 0:
                inputs = self.dropout(inputs)
            inputs, cell_state = cell.sequence(inputs, cell_state)
            after.append(cell_state)
        return inputs, tuple(after)
