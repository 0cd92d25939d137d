"""From a vector a position to one vector for the whole sequence, and how much of it each position made up.

Padding makes up nothing. The weights are for looking at: they sum to 1 over the positions of a row.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seqloom.layers.linear import Linear
from seqloom.layers.reading import check_visible, read_memory


class Pooled(NamedTuple):
    """vector (B, M) · weights (B, S), without gradients; None where a vector is no mixture of its positions'."""

    vector: Tensor
    weights: Tensor | None


class FinalState(nn.Module):
    """What a recurrent encoder was left with: the forward direction's end joined with the backward direction's."""

    def forward(self, values: Tensor, visible: Tensor, summary: Tensor) -> Pooled:  # noqa: ARG002 - one face
        """summary (B, M), the top layer's final output -> itself; a state has no shares."""
        return Pooled(summary, None)


class LastPosition(nn.Module):
    """The vector at the end symbol, where a Transformer may gather what it read (as Radford et al. 2018 do)."""

    def forward(self, values: Tensor, visible: Tensor, summary: Tensor) -> Pooled:  # noqa: ARG002 - one face
        """values (B, S, M), visible (B, S) bool -> the vector at each row's last visible position."""
        check_visible(visible)
        places = torch.arange(visible.shape[1], device=visible.device)
        last = torch.where(visible, places, 0).amax(dim=1)
        return Pooled(values[torch.arange(len(values), device=values.device), last], None)


class MeanPooling(nn.Module):
    """The mean over the positions."""

    def forward(self, values: Tensor, visible: Tensor, summary: Tensor) -> Pooled:  # noqa: ARG002 - one face
        """values (B, S, M), visible (B, S) bool -> their mean, every position with the same weight."""
        check_visible(visible)
        count = visible.sum(dim=1, keepdim=True)
        total = torch.where(visible[:, :, None], values, 0.0).sum(dim=1)
        return Pooled(total / count, visible.to(values.dtype) / count)


class MaxPooling(nn.Module):
    """The largest of each number over the positions (Collobert et al. 2011, section 3.3.2).

    A position's weight is the share of the numbers that were largest there.
    """

    def forward(self, values: Tensor, visible: Tensor, summary: Tensor) -> Pooled:  # noqa: ARG002 - one face
        """values (B, S, M), visible (B, S) bool -> (B, M)."""
        check_visible(visible)
        vector, places = values.masked_fill(~visible[:, :, None], -math.inf).max(dim=1)
        share = values.new_full(places.shape, 1 / values.shape[2])
        return Pooled(vector, values.new_zeros(visible.shape).scatter_add_(1, places, share))


class AttentionPooling(nn.Module):
    """A mean whose weights are the softmax of v . tanh(W h + b) at each position.

    Source: Yang et al. 2016, equations 5 to 7; v is the "context vector" that asks which words are informative.
    """

    def __init__(self, width: int, attention_size: int) -> None:
        super().__init__()
        self.key_layer = Linear(width, attention_size)
        self.score_vector = nn.Parameter(torch.empty(attention_size))
        nn.init.xavier_uniform_(self.key_layer.weight)
        nn.init.zeros_(self.key_layer.bias)
        nn.init.uniform_(self.score_vector, -(attention_size**-0.5), attention_size**-0.5)

    def forward(self, values: Tensor, visible: Tensor, summary: Tensor) -> Pooled:  # noqa: ARG002 - one face
        """values (B, S, M), visible (B, S) bool -> (B, M). Raises EmptyMemoryError for a row with nothing to see."""
        scores = torch.tanh(self.key_layer(values)) @ self.score_vector  # (B, S)
        context, alignment = read_memory(scores[:, None], values, visible)
        return Pooled(context[:, 0], alignment[:, 0].detach())
