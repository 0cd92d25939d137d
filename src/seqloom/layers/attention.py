"""Attention: read a memory, weighted by how well each of its positions fits a query.

Every class takes the memory twice: `keys`, what queries are compared with, computed once a sentence by
`prepare`, and `memory`, what is averaged. The query's second axis is time in training and the beam in a search.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from seqloom.base.shapes import check_shape
from seqloom.layers import kernels
from seqloom.layers.dropout import Dropout, draw_seed, keep_mask, scale
from seqloom.layers.linear import Linear, linear
from seqloom.layers.reading import dot_scores, read_memory


class DotAttention(nn.Module):
    """score = query . key, unscaled.   Source: Luong et al. 2015, "dot". Query and memory have one width."""

    def prepare(self, memory: Tensor) -> Tensor:
        """memory (B, S, D) -> keys (B, S, D), the same."""
        return memory

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """query (B, T, D), keys (B, S, D) -> (B, T, S)."""
        return dot_scores(query, keys)

    def forward(
        self,
        query: Tensor,
        keys: Tensor,
        memory: Tensor,
        visible: Tensor,
        *,
        through_alignment: bool = False,  # noqa: ARG002 - one face for all attentions; here they always do
    ) -> tuple[Tensor, Tensor]:
        """Average the memory, weighted by how well each position fits the query.

        query    (B, T, Q)
        keys     (B, S, K) from `prepare`
        memory   (B, S, D)
        visible  (B, S) bool, False at padding
        through_alignment  whether gradients are to pass through the alignment too
        Returns  context (B, T, D), alignment (B, T, S) whose rows sum to 1
        Raises   ShapeError; EmptyMemoryError for a row with nothing to see
        """
        check_shape(memory, "B S D", "memory", B=query.shape[0], S=keys.shape[1])
        return read_memory(self.scores(query, keys), memory, visible)


class GeneralAttention(DotAttention):
    """score = query . W memory.   Source: Luong et al. 2015, "general". W is applied to the memory, once."""

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.key_weight = nn.Parameter(torch.empty(query_size, memory_size))
        nn.init.xavier_uniform_(self.key_weight)

    def prepare(self, memory: Tensor) -> Tensor:
        """memory (B, S, D) -> keys (B, S, Q)."""
        return linear(memory, self.key_weight)


class AdditiveAttention(DotAttention):
    """score = v . tanh(W query + U memory + b).   Source: Bahdanau et al. 2015."""

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__()
        self.query_layer = Linear(query_size, attention_size, bias=False)
        self.key_layer = Linear(memory_size, attention_size)
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
        return self.compare(self.query_layer(query), keys)

    def compare(self, asked: Tensor, keys: Tensor) -> Tensor:
        """asked (B, T, A), keys (B, S, A) -> v . tanh(asked + keys), (B, T, S), compiled where it can be.

        Raises   ShapeError
        """
        check_shape(keys, "B S A", "keys", B=asked.shape[0], A=asked.shape[2])
        if kernels.ready(asked, keys):
            scores: Tensor = FusedAdditiveScores.apply(asked, keys, self.score_vector)
            return scores
        return additive_scores(asked, keys, self.score_vector)


def additive_scores(query: Tensor, keys: Tensor, score_vector: Tensor) -> Tensor:
    """query (B, T, A), keys (B, S, A), score_vector (A,) -> v . tanh(query + keys), (B, T, S)."""
    return torch.tanh(query[:, :, None] + keys[:, None]) @ score_vector


class FusedAdditiveScores(torch.autograd.Function):
    """The same without ever holding the (B, T, S, A) numbers that are compared."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, keys: Tensor, score_vector: Tensor) -> Tensor:
        query, keys, vector = query.contiguous(), keys.contiguous(), score_vector.float()
        batch, asked, width = query.shape
        stored = keys.shape[1]
        scores = query.new_empty(batch, asked, stored, dtype=torch.float32)
        sizes = (batch, asked, stored, width)
        kernels.call("additive_scores", query.dtype, query, keys, vector, scores, *sizes)
        ctx.save_for_backward(query, keys, vector)
        ctx.sizes, ctx.number = sizes, score_vector.dtype
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, keys, vector = ctx.saved_tensors
        of_query, of_keys = torch.empty_like(query), torch.empty_like(keys)
        of_vector = vector.new_empty(len(query), len(vector))  # a row a sentence
        gradient = gradients[0].contiguous()
        made = (of_query, of_keys, of_vector)
        kernels.call("additive_scores_back", query.dtype, query, keys, vector, gradient, *made, *ctx.sizes)
        return of_query, of_keys, of_vector.sum(0).to(ctx.number)


def split_heads(tensor: Tensor, heads: int) -> Tensor:
    """(B, S, D) -> (B, H, S, K) with D = H K."""
    return tensor.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(tensor: Tensor) -> Tensor:
    """(B, H, T, K) -> (B, T, D)."""
    return tensor.transpose(1, 2).flatten(2)


def read_by_heads(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    visible: Tensor | None,
    *,
    causal: int | None = None,
    dropout: Dropout | None = None,
    through_alignment: bool = False,
) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention of several heads, compiled where it can be.

    query          (B, H, T, K)
    keys, values   (B, H, S, K)
    visible        (B, S) bool, False at padding; None where there is none
    causal         positions that were written before the first that asks, each of which sees up to its own place;
                   None where all are seen
    dropout        of the weights
    through_alignment  whether gradients are to pass through the alignment too
    Returns        (B, T, H K), alignment (B, H, T, S) before dropout
    Raises         ShapeError
    Source         Vaswani et al. 2017, equation 1
    """
    batch, heads, _, size = query.shape
    check_shape(keys, "B H S K", "keys", B=batch, H=heads, K=size)
    check_shape(values, "B H S K", "values", B=batch, H=heads, S=keys.shape[2])
    if visible is not None:
        check_shape(visible, "B S", "visible", B=batch, S=keys.shape[2])
    threshold = dropout.threshold if dropout is not None and dropout.training else 0
    seed = draw_seed() if threshold else 0
    if through_alignment or values.shape != keys.shape or not kernels.ready(query, keys, values):
        return read_by_heads_plain(query, keys, values, visible, causal, seed, threshold)
    outputs: tuple[Tensor, Tensor] = FusedHeads.apply(query, keys, values, visible, causal, seed, threshold)
    return outputs


def read_by_heads_plain(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    visible: Tensor | None,
    causal: int | None = None,
    seed: int = 0,
    threshold: int = 0,
) -> tuple[Tensor, Tensor]:
    """The readable twin, its dropout told by seed and threshold."""
    scores = query @ keys.transpose(-1, -2) * query.shape[-1] ** -0.5
    if visible is not None:
        scores = scores.masked_fill(~visible[:, None, None], -math.inf)
    if causal is not None and query.shape[2] > 1:  # a single newest position sees all
        scores = scores.masked_fill(~causal_mask(query.shape[2], causal, query.device), -math.inf)
    alignment = scores.softmax(dim=-1)
    weights = alignment
    if threshold:
        weights = alignment * keep_mask(alignment.shape, threshold, seed, alignment.device) * scale(threshold)
    return join_heads(weights @ values), alignment


def causal_mask(count: int, start: int, device: torch.device) -> Tensor:
    """(T, P + T), True up to a position's own place after P others."""
    return torch.ones(count, start + count, dtype=torch.bool, device=device).tril(start)


class FusedHeads(torch.autograd.Function):
    """The same in one pass for each head of each sentence, forwards and backwards, without copies of the heads."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        keys: Tensor,
        values: Tensor,
        visible: Tensor | None,
        causal: int | None,
        seed: int,
        threshold: int,
    ) -> tuple[Tensor, Tensor]:
        batch, heads, asked, size = query.shape
        stored = keys.shape[2]
        rows = [kernels.Rows.of(tensor) for tensor in (query, keys, values)]
        beginning = -1 if causal is None else causal
        sizes = kernels.Heads(
            batch, heads, asked, stored, size, *rows, beginning, seed, threshold, scale(threshold)
        )
        outputs = query.new_empty(batch, asked, heads * size)
        alignment = query.new_empty(batch, heads, asked, stored, dtype=torch.float32)
        seen = None if visible is None else visible.contiguous()
        kernels.call("attention", query.dtype, sizes, query, keys, values, seen, outputs, alignment)
        ctx.save_for_backward(query, keys, values, alignment)
        ctx.sizes = sizes
        ctx.mark_non_differentiable(alignment)
        return outputs, alignment

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        query, keys, values, alignment = ctx.saved_tensors
        sizes = ctx.sizes
        width = sizes.heads * sizes.size
        made = [
            query.new_empty(sizes.batch, count, width) for count in (sizes.asked, sizes.stored, sizes.stored)
        ]
        of_outputs = gradients[0].to(query.dtype).contiguous()
        read = (query, keys, values, alignment, of_outputs)
        kernels.call("attention_back", query.dtype, sizes, *read, *made)
        return *(split_heads(gradient, sizes.heads) for gradient in made), None, None, None, None


def fused_pays(query: Tensor) -> bool:
    """Whether PyTorch's fused kernel is used: on a GPU. In a profile of a small Transformer on a CPU its way back
    took the largest share of an update, at the lengths of sentences; there it is this module's own."""
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
        self.query_layer = Linear(width, width)
        self.key_layer = Linear(memory_width, width)
        self.value_layer = Linear(memory_width, width)
        self.output_layer = Linear(width, width)
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
        self,
        query: Tensor,
        keys: Tensor,
        values: Tensor,
        visible: Tensor | None,
        *,
        causal: int | None = None,
        alignment: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Read what was prepared.

        query            (B, H, T, K) from `query`
        keys, values     (B, H, S, K) from `keys_and_values`
        visible, causal  as read_by_heads has them
        Returns          outputs (B, T, D); alignment (B, H, T, S) if asked, else None
        """
        if fused_pays(query) and not alignment:
            read = self.read_by_torch(query, keys, values, visible, causal)
            return self.output_layer(join_heads(read)), None
        read, weights = read_by_heads(
            query,
            keys,
            values,
            visible,
            causal=causal,
            dropout=self.dropout,
            through_alignment=alignment and torch.is_grad_enabled(),
        )
        return self.output_layer(read), weights if alignment else None

    def read_by_torch(
        self, query: Tensor, keys: Tensor, values: Tensor, visible: Tensor | None, causal: int | None
    ) -> Tensor:
        """PyTorch's own fused kernel."""
        mask = None if visible is None else visible[:, None, None]
        if causal is not None and query.shape[2] > 1:
            past = causal_mask(query.shape[2], causal, query.device)
            mask = past if mask is None else mask & past
        dropout = self.dropout.probability if self.training else 0.0
        return functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask, dropout_p=dropout)
