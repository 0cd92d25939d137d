"""Attention: read a memory, weighted by how well each of its positions fits a query.

Every class takes the memory twice: `keys`, what queries are compared with, computed once a sentence by
`prepare`, and `memory`, what is averaged. The query's second axis is time in training and the beam in a search.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqloom.base.errors import EmptyMemoryError
from seqloom.base.shapes import check_shape
from seqloom.layers.dropout import Dropout


def normalise_scores(scores: Tensor, visible: Tensor) -> Tensor:
    """Softmax over the visible positions.

    scores   (B, T, S)
    visible  (B, S) bool, False at padding
    Returns  alignment (B, T, S) whose rows sum to 1, zero where nothing is to be seen
    Raises   EmptyMemoryError for a row with nothing to see (not checked on a GPU, where it would stall)
    """
    if not visible.is_cuda and not bool(visible.any(dim=-1).all()):
        row = int((~visible.any(dim=-1)).nonzero()[0, 0])
        raise EmptyMemoryError(f"row {row} of the memory has no visible position; expected at least one.")
    return scores.masked_fill(~visible[:, None, :], -math.inf).softmax(dim=-1)


class DotAttention(nn.Module):
    """score = query . key, unscaled.   Source: Luong et al. 2015, "dot". Query and memory have one width."""

    def prepare(self, memory: Tensor) -> Tensor:
        """memory (B, S, D) -> keys (B, S, D), the same."""
        return memory

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """query (B, T, D), keys (B, S, D) -> (B, T, S)."""
        return query @ keys.transpose(1, 2)

    def forward(self, query: Tensor, keys: Tensor, memory: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        """Average the memory, weighted by how well each position fits the query.

        query    (B, T, Q)
        keys     (B, S, K) from `prepare`
        memory   (B, S, D)
        visible  (B, S) bool, False at padding
        Returns  context (B, T, D), alignment (B, T, S) whose rows sum to 1
        Raises   ShapeError; EmptyMemoryError for a row with nothing to see
        """
        check_shape(memory, "B S D", "memory", B=query.shape[0], S=keys.shape[1])
        alignment = normalise_scores(self.scores(query, keys), visible)
        return alignment @ memory, alignment


class GeneralAttention(DotAttention):
    """score = query . W memory.   Source: Luong et al. 2015, "general". W is applied to the memory, once."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.key_weight = nn.Parameter(torch.empty(query_size, memory_size))
        nn.init.xavier_uniform_(self.key_weight)

    def prepare(self, memory: Tensor) -> Tensor:
        """memory (B, S, D) -> keys (B, S, Q)."""
        return functional.linear(memory, self.key_weight)


class AdditiveAttention(DotAttention):
    """score = v . tanh(W query + U memory + b).   Source: Bahdanau et al. 2015."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__()
        self.query_layer = nn.Linear(query_size, attention_size, bias=False)
        self.key_layer = nn.Linear(memory_size, attention_size)
        self.score_vector = nn.Parameter(torch.empty(attention_size))
        for layer in (self.query_layer, self.key_layer):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.key_layer.bias)
        nn.init.uniform_(self.score_vector, -(attention_size**-0.5), attention_size**-0.5)

    def prepare(self, memory: Tensor) -> Tensor:
        """memory (B, S, D) -> keys (B, S, A)."""
        keys: Tensor = self.key_layer(memory)
        return keys

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """query (B, T, Q), keys (B, S, A) -> (B, T, S)."""
        compared = torch.tanh(self.query_layer(query)[:, :, None] + keys[:, None])  # (B, T, S, A)
        return compared @ self.score_vector


def split_heads(tensor: Tensor, heads: int) -> Tensor:
    """(B, S, D) -> (B, H, S, K) with D = H K."""
    return tensor.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(tensor: Tensor) -> Tensor:
    """(B, H, T, K) -> (B, T, D)."""
    return tensor.transpose(1, 2).flatten(2)


def read_by_heads(
    query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, dropout: Dropout | None = None
) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention written out; the twin of PyTorch's fused kernel.

    query          (B, H, T, K)
    keys, values   (B, H, S, K)
    mask           broadcastable to (B, H, T, S), True where there is something to see; None sees all
    Returns        (B, H, T, K), alignment (B, H, T, S) before dropout
    Source         Vaswani et al. 2017, equation 1
    """
    scores = query @ keys.transpose(-1, -2) * query.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    alignment = scores.softmax(dim=-1)
    weights = alignment if dropout is None else dropout(alignment)
    return weights @ values, alignment


def fused_pays(query: Tensor) -> bool:
    """Whether PyTorch's fused kernel is used: on a GPU. In a profile of a small Transformer on a CPU its way back
    took the largest share of an update, at the lengths of sentences; so there the products are written out."""
    return query.is_cuda


def start_glorot(*layers: nn.Linear) -> None:
    """Weights Glorot-uniform, biases zero (Glorot and Bengio 2010)."""
    for layer in layers:
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)


class MultiHeadAttention(nn.Module):
    """Several scaled dot products side by side, each over its own projection (Vaswani et al. 2017, section 3.2.2)."""

    def __init__(self, width: int, memory_width: int, heads: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"heads = {heads} does not divide the width {width}.")
        self.heads = heads
        self.query_layer = nn.Linear(width, width)
        self.key_layer = nn.Linear(memory_width, width)
        self.value_layer = nn.Linear(memory_width, width)
        self.output_layer = nn.Linear(width, width)
        self.dropout = Dropout(dropout)
        start_glorot(self.query_layer, self.key_layer, self.value_layer, self.output_layer)

    def query(self, inputs: Tensor) -> Tensor:
        """inputs (B, T, D) -> (B, H, T, K)."""
        return split_heads(self.query_layer(inputs), self.heads)

    def keys_and_values(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """memory (B, S, D) -> keys, values (B, H, S, K): what is computed once and cached."""
        return split_heads(self.key_layer(memory), self.heads), split_heads(
            self.value_layer(memory), self.heads
        )

    def forward(
        self, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None, *, alignment: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Read what was prepared.

        query         (B, H, T, K) from `query`
        keys, values  (B, H, S, K) from `keys_and_values`
        mask          broadcastable to (B, H, T, S), True where there is something to see
        Returns       outputs (B, T, D); alignment (B, H, T, S) if asked, else None
        """
        weights = None
        if alignment or not fused_pays(query) or (self.training and self.dropout.threshold):
            read, weights = read_by_heads(query, keys, values, mask, self.dropout)
        else:
            read = functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
        return self.output_layer(join_heads(read)), weights if alignment else None
