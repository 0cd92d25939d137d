"""Scores of labels: for a whole text, or for each of its positions."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqloom.data.batch import Batch
from seqloom.layers.dropout import Dropout
from seqloom.layers.embedding import EmbeddedInput, OutputLayer
from seqloom.models.state import Memory
from seqloom.text.vocabulary import SPECIALS, UNK


class Judgement(NamedTuple):
    """logits (B, L) of a text, or (B, S, L) of its positions · weights (B, S) of the pooling, or None."""

    logits: Tensor
    weights: Tensor | None = None


class LabelNetwork(nn.Module):
    """Any encoder, and what makes scores of labels of its memory.

    pooling      makes one vector of a memory; None scores each position by itself
    word_dropout share of the symbols read as <unk> in training (Iyyer et al. 2015, section 3, there left out)
    """

    def __init__(
        self,
        source: EmbeddedInput,
        encoder: nn.Module,
        pooling: nn.Module | None,
        output: OutputLayer,
        *,
        dropout: float,
        word_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.source = source
        self.encoder = encoder
        self.pooling = pooling
        self.dropout = Dropout(dropout)
        self.output = output
        self.word_dropout = word_dropout

    def forward(self, batch: Batch) -> Judgement:
        """Read texts: batch with source (B, S) -> scores."""
        embedded = self.source(self.thinned(batch.source))
        return self.judge(embedded, batch.source_lengths, batch.source_mask)

    def judge(self, embedded: Tensor, lengths: Tensor, visible: Tensor) -> Judgement:
        """The same from embedded symbols (B, S, D) on, lengths (B,), visible (B, S) bool."""
        memory: Memory = self.encoder(embedded, lengths, visible)
        if self.pooling is None:
            return Judgement(self.output(self.dropout(memory.values)))
        pooled = self.pooling(memory.values, memory.visible, memory.summary)
        return Judgement(self.output(self.dropout(pooled.vector)), pooled.weights)

    def contributions(self, batch: Batch, decision: Callable[[Tensor], Tensor]) -> tuple[Judgement, Tensor]:
        """What each symbol had to do with a decision: the gradient by its embedding times the embedding, (B, S).

        decision  logits -> a number for each row (B,)
        Source    Denil et al. 2014; Shrikumar et al. 2017. To first order, how the number would fall if the symbol's
                  embedding faded; positions that are added to it stay.
        """
        with torch.enable_grad():
            rows = self.source.embedding(batch.source).detach().requires_grad_()
            embedded = self.source.positions(rows)
            judged = self.judge(embedded, batch.source_lengths, batch.source_mask)
            (gradient,) = torch.autograd.grad(decision(judged.logits).sum(), rows)
        products = (gradient * rows.detach()).sum(dim=-1)
        weights = None if judged.weights is None else judged.weights.detach()
        return Judgement(judged.logits.detach(), weights), products * batch.source_mask

    def thinned(self, symbols: Tensor) -> Tensor:
        """Some of the symbols (B, S) replaced by <unk>, in training; ends and padding stay."""
        if not self.training or not self.word_dropout:
            return symbols
        drawn = torch.rand(symbols.shape, device=symbols.device) < self.word_dropout
        return torch.where(drawn & (symbols >= len(SPECIALS)), UNK, symbols)
