"""The pyramidal encoder: recurrent layers of which the upper ones read two positions of the one below at once."""

from torch import Tensor, nn

from seqloom.data.batch import visible as visible_positions
from seqloom.layers.cells import CellState
from seqloom.layers.dropout import Dropout
from seqloom.layers.recurrent import RecurrentLayer, top_output
from seqloom.layers.subsampling import joined_pairs
from seqloom.models.state import Memory


class PyramidalEncoder(nn.Module):
    """Layers of cells; each of the `pyramid` topmost has half as many positions as the one below.

    Source: the listener of Chan et al. 2016, section 3.1: three such layers above a plain one.
    """

    def __init__(
        self,
        width: int,
        *,
        cell: str,
        hidden: int,
        layers: int,
        pyramid: int,
        bidirectional: bool,
        dropout: float,
        locked: bool = False,
        recurrent_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 < pyramid < layers:
            raise ValueError(f"a pyramid of {pyramid} needs at least {pyramid + 1} layers, not {layers}.")
        self.memory_width = self.summary_width = hidden * (2 if bidirectional else 1)
        self.plain = layers - pyramid
        sizes = [
            width if layer == 0 else self.memory_width * (2 if layer >= self.plain else 1)
            for layer in range(layers)
        ]
        self.layers = nn.ModuleList(
            RecurrentLayer(
                cell, size, hidden, bidirectional=bidirectional, recurrent_dropout=recurrent_dropout
            )
            for size in sizes
        )
        self.dropout = Dropout(dropout, locked=locked)

    def forward(self, inputs: Tensor, lengths: Tensor, visible: Tensor) -> Memory:
        """inputs (B, S, D), lengths (B,), visible (B, S) bool -> memory over ceil(S / 2 ** pyramid) positions."""
        final: list[CellState] = []
        for number, layer in enumerate(self.layers):
            if number > 0:
                inputs = self.dropout(inputs)
            if number >= self.plain:
                inputs, lengths = joined_pairs(inputs, lengths)
            inputs, state = layer(inputs, lengths)
            final.append(state)
        visible = visible_positions(lengths, inputs.shape[1])
        return Memory(inputs, visible, top_output(tuple(final), residual=False), tuple(final))
