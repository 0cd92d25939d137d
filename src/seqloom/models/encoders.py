"""Encoders: embedded source symbols in, a memory out."""

import torch
from torch import Tensor, nn

from seqloom.layers.cells import CellState
from seqloom.layers.dropout import Dropout
from seqloom.layers.recurrent import RecurrentLayer, top_output
from seqloom.layers.transformer import TransformerEncoderLayer
from seqloom.models.state import Memory


class RecurrentEncoder(nn.Module):
    """Layers of cells, each reading the whole output of the one below; dropout between layers (Zaremba et al. 2014).

    Residual, each layer but the first adds its input to its output: x + layer(dropout(x)) (Wu et al. 2016).
    Source: Sutskever et al. 2014; bidirectional as in Bahdanau et al. 2015.
    """

    def __init__(
        self,
        width: int,
        *,
        cell: str,
        hidden: int,
        layers: int,
        bidirectional: bool,
        dropout: float,
        locked: bool = False,
        recurrent_dropout: float = 0.0,
        residual: bool = False,
    ) -> None:
        super().__init__()
        self.memory_width = self.summary_width = hidden * (2 if bidirectional else 1)
        sizes = [width] + [self.memory_width] * (layers - 1)
        self.layers = nn.ModuleList(
            RecurrentLayer(
                cell, size, hidden, bidirectional=bidirectional, recurrent_dropout=recurrent_dropout
            )
            for size in sizes
        )
        self.dropout = Dropout(dropout, locked=locked)
        self.residual = residual

    def forward(self, inputs: Tensor, lengths: Tensor, visible: Tensor) -> Memory:
        """inputs (B, S, D), lengths (B,), visible (B, S) bool -> memory; the summary is the top final output."""
        final: list[CellState] = []
        for number, layer in enumerate(self.layers):
            outputs, state = layer(inputs if number == 0 else self.dropout(inputs), lengths)
            inputs = inputs + outputs if self.residual and number > 0 else outputs
            final.append(state)
        return Memory(inputs, visible, top_output(tuple(final), residual=self.residual), tuple(final))


class TransformerEncoder(nn.Module):
    """Self-attending layers (Vaswani et al. 2017); with pre-norm, a last normalisation above them."""

    def __init__(
        self,
        width: int,
        *,
        layers: int,
        heads: int,
        feed_forward: int,
        norm: str,
        rotary: bool,
        dropout: float,
        attention_dropout: float,
    ) -> None:
        super().__init__()
        self.memory_width = self.summary_width = width
        self.layers = nn.ModuleList(
            TransformerEncoderLayer(
                width,
                heads=heads,
                feed_forward=feed_forward,
                norm=norm,
                rotary=rotary,
                dropout=dropout,
                attention_dropout=attention_dropout,
            )
            for _ in range(layers)
        )
        self.last_norm = nn.LayerNorm(width) if norm == "pre" else nn.Identity()

    def forward(self, inputs: Tensor, lengths: Tensor, visible: Tensor) -> Memory:
        """inputs (B, S, D), lengths (B,), visible (B, S) bool -> memory; the summary is the visible mean."""
        for layer in self.layers:
            inputs = layer(inputs, visible)
        values = self.last_norm(inputs)
        summary = torch.where(visible[:, :, None], values, 0.0).sum(1) / lengths[:, None]
        return Memory(values, visible, summary)
