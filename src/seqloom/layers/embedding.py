"""Symbols to vectors, and vectors back to a score for every symbol."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqloom.layers.dropout import Dropout
from seqloom.layers.linear import in_columns, linear


class Embedding(nn.Module):
    """A row a symbol, scaled by the square root of its size (Vaswani et al. 2017, section 3.4).

    With a rank the rows are that small and a matrix widens them: V R + R D numbers instead of V D (Lan et al. 2020,
    section 3.1, factorized embedding). The table starts with that variance which makes scaled rows, and logits of a
    tied output layer, of unit size.
    """

    def __init__(self, symbols: int, width: int, padding: int, rank: int | None = None) -> None:
        super().__init__()
        size = rank or width
        self.table = nn.Parameter(torch.empty(symbols, size))
        nn.init.normal_(self.table, std=size**-0.5)
        self.table.data[padding] = 0.0
        self.scale = size**0.5
        self.widening = None if rank is None else nn.Parameter(torch.empty(size, width))
        if self.widening is not None:
            nn.init.normal_(self.widening, std=size**-0.5)

    def forward(self, symbols: Tensor) -> Tensor:
        """symbols (B, T) int64 -> (B, T, D)."""
        rows = functional.embedding(symbols, self.table) * self.scale
        return rows if self.widening is None else rows @ self.widening


class OutputLayer(nn.Module):
    """features . table + bias, a score a symbol; the table may be the target embedding's (Press and Wolf 2017).

    Tied to a factorised embedding it narrows the features by the same matrix first.
    """

    def __init__(self, symbols: int, width: int, tied: Embedding | None = None) -> None:
        super().__init__()
        self.widening = None
        if tied is None:
            self.table = nn.Parameter(torch.empty(symbols, width))
            nn.init.normal_(self.table, std=width**-0.5)
        else:
            self.table, self.widening = tied.table, tied.widening
        self.bias = nn.Parameter(torch.zeros(symbols))

    def narrow(self, features: Tensor) -> Tensor:
        """features (..., D) -> what the table is multiplied with (..., R), or (..., D) without a rank.

        Divided by sqrt(D / R), so that logits start of unit size here too.
        """
        if self.widening is None:
            return features
        rank, width = self.widening.shape
        return features @ self.widening.T * (rank / width) ** 0.5

    def lay_out_for_search(self) -> None:
        """Keep a copy of the table that multiplies few rows fastest, for a model that is trained no more."""
        self.table = in_columns(self.table)

    def forward(self, features: Tensor) -> Tensor:
        """features (..., D) -> logits (..., V)."""
        return linear(self.narrow(features), self.table, self.bias)


class EmbeddedInput(nn.Module):
    """What a network reads first: embedding, positions, dropout.

    Placeless symbols have no position, and the others are counted without them: features of a word to be inflected,
    whose order says nothing (Wu et al. 2021, section 2, where they all have position 0).
    """

    def __init__(
        self,
        embedding: Embedding,
        positions: nn.Module,
        dropout: float,
        *,
        locked: bool = False,
        placeless: range = range(0),
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.positions = positions
        self.placeless = placeless
        self.dropout = Dropout(dropout, locked=locked)

    def forward(self, symbols: Tensor, start: int = 0) -> Tensor:
        """symbols (B, T) whose first position is `start` -> (B, T, D)."""
        embedded = self.embedding(symbols)
        placed: Tensor = self.positions(embedded, start)
        if self.placeless:
            have_place = (symbols < self.placeless.start) | (symbols >= self.placeless.stop)  # (B, T)
            place = have_place.cumsum(dim=1) - 1
            own = self.positions(torch.zeros_like(embedded[:1]), start)[
                0
            ]  # (T, D), what is added at each position
            placed = embedded + own[place.clamp(min=0)] * have_place[:, :, None]
        dropped: Tensor = self.dropout(placed)
        return dropped
