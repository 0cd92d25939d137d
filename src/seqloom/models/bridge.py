"""From what the encoder read to the state that a recurrent decoder starts in."""

from torch import nn

from seqloom.layers.cells import Cell
from seqloom.layers.linear import Linear
from seqloom.layers.recurrent import StackState
from seqloom.models.state import Memory


class ProjectionBridge(nn.Module):
    """tanh of a linear map of the summary: any encoder to any cells (Bahdanau et al. 2015, A.2.2).

    One map for each tensor that a cell's step reads; of an LSTM both h and c, of an SRU c alone.
    """

    def __init__(self, summary_width: int, hidden: int, layers: int, cell: type[Cell]) -> None:
        super().__init__()
        self.cell = cell
        maps = layers * cell.read_tensors
        self.projections = nn.ModuleList(Linear(summary_width, hidden) for _ in range(maps))

    def forward(self, memory: Memory) -> StackState:
        """memory -> each layer's cell state, (B, H) tensors."""
        tensors = [projection(memory.summary).tanh() for projection in self.projections]
        count = self.cell.read_tensors
        layers = (tuple(tensors[at : at + count]) for at in range(0, len(tensors), count))
        return tuple(self.cell.state_of(read) for read in layers)


class CopyBridge(nn.Module):
    """Each decoder layer starts where the encoder layer of its height ended (Sutskever et al. 2014)."""

    def forward(self, memory: Memory) -> StackState:
        """memory of a recurrent encoder with the same cell, layers and width -> its final states."""
        if memory.final is None:
            raise ValueError("a copying bridge needs a recurrent encoder; use the projection bridge.")
        return memory.final


class ZeroBridge(nn.Module):
    """Start from nothing: all the decoder learns of the source comes through attention or the fixed context."""

    def __init__(self, hidden: int, layers: int, cell: type[Cell]) -> None:
        super().__init__()
        self.hidden, self.layers, self.cell = hidden, layers, cell

    def forward(self, memory: Memory) -> StackState:
        """memory -> states of zeros."""
        zero = memory.summary.new_zeros(len(memory.summary), self.hidden)
        return ((zero,) * self.cell.state_tensors,) * self.layers
