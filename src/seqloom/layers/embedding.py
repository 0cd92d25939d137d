"""Symbols to vectors, and vectors back to a score for every symbol."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqloom.layers.dropout import Dropout


class Embedding(nn.Module):
    """A row a symbol, scaled by the square root of the width (Vaswani et al. 2017, section 3.4).

    The table starts with that variance which makes scaled rows, and logits of a tied output layer, of unit size.
    """

    def __init__(self, symbols: int, width: int, padding: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(symbols, width))
        nn.init.normal_(self.table, std=width**-0.5)
        self.table.data[padding] = 0.0
        self.scale = width**0.5

    def forward(self, symbols: Tensor) -> Tensor:
        """symbols (B, T) int64 -> (B, T, D)."""
        return functional.embedding(symbols, self.table) * self.scale


class OutputLayer(nn.Module):
    """features . table + bias, a score a symbol; the table may be the target embedding's (Press and Wolf 2017)."""

    def __init__(self, symbols: int, width: int, tied: Embedding | None = None) -> None:
        super().__init__()
        if tied is None:
            self.table = nn.Parameter(torch.empty(symbols, width))
            nn.init.normal_(self.table, std=width**-0.5)
        else:
            self.table = tied.table
        self.bias = nn.Parameter(torch.zeros(symbols))

    def forward(self, features: Tensor) -> Tensor:
        """features (..., D) -> logits (..., V)."""
        return functional.linear(features, self.table, self.bias)


class EmbeddedInput(nn.Module):
    """What a network reads first: embedding, positions, dropout."""

    def __init__(self, embedding: Embedding, positions: nn.Module, dropout: float) -> None:
        super().__init__()
        self.embedding = embedding
        self.positions = positions
        self.dropout = Dropout(dropout)

    def forward(self, symbols: Tensor, start: int = 0) -> Tensor:
        """symbols (B, T) whose first position is `start` -> (B, T, D)."""
        embedded: Tensor = self.dropout(self.positions(self.embedding(symbols), start))
        return embedded
