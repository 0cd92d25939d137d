"""Attention of recurrent decoders beyond one score for each position: in heads, by place, by what was seen before."""

import math

import torch
from torch import Tensor, nn

from seqloom.base.shapes import check_shape
from seqloom.layers.attention import (
    AdditiveAttention,
    DotAttention,
    GeneralAttention,
    read_by_heads,
    split_heads,
    start_glorot,
)
from seqloom.layers.linear import Linear, as_it_stands, linear
from seqloom.layers.reading import check_visible, read_memory


class HeadsAttention(DotAttention):
    """Several scaled dot products side by side, each with its own projections (Vaswani et al. 2017, section 3.2.2).

    The alignment is the mean over the heads. `prepare` gives keys and values of all heads together.
    """

    def __init__(self, query_size: int, memory_size: int, heads: int) -> None:
        super().__init__()
        if memory_size % heads:
            raise ValueError(f"heads = {heads} does not divide the memory's width {memory_size}.")
        self.heads = heads
        self.query_layer = Linear(query_size, memory_size)
        self.key_layer = Linear(memory_size, memory_size)
        self.value_layer = Linear(memory_size, memory_size)
        self.output_layer = Linear(memory_size, memory_size)
        start_glorot(self.query_layer, self.key_layer, self.value_layer, self.output_layer)

    def prepare(self, memory: Tensor) -> Tensor:
        """memory (B, S, D) -> keys and values (B, S, 2 D)."""
        return torch.cat([self.key_layer(memory), self.value_layer(memory)], dim=-1)

    def forward(
        self,
        query: Tensor,
        keys: Tensor,
        memory: Tensor,
        visible: Tensor,
        *,
        through_alignment: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """As DotAttention's; the context is a projection of what the heads read."""
        check_shape(memory, "B S D", "memory", B=query.shape[0], S=keys.shape[1])
        check_visible(visible)
        asked = split_heads(self.query_layer(query), self.heads)
        key, value = (split_heads(half, self.heads) for half in keys.chunk(2, dim=-1))
        read, alignment = read_by_heads(asked, key, value, visible, through_alignment=through_alignment)
        return self.output_layer(read), alignment.mean(1)


class LocationAttention(DotAttention):
    """score = W query, a row of W for each position: where to look, whatever stands there.

    Source: Luong et al. 2015, "location" (equation 8). Positions beyond the rows of W are not seen.
    """

    def __init__(self, query_size: int, positions: int) -> None:
        super().__init__()
        self.position_weight = nn.Parameter(torch.empty(positions, query_size))
        nn.init.xavier_uniform_(self.position_weight)

    def scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """query (B, T, Q), keys (B, S, D) -> (B, T, S)."""
        known = query @ self.position_weight[: keys.shape[1]].T
        unknown = known.new_full((*known.shape[:2], keys.shape[1] - known.shape[2]), -math.inf)
        return torch.cat([known, unknown], dim=-1)


class LocalAttention(GeneralAttention):
    """A window of the memory around a position that the query predicts, its middle weighing most.

        p = S sigmoid(v . tanh(W query))
        alignment(s) = softmax over |s - p| <= D of (query . W memory(s)), times exp(-(s - p)^2 / (2 (D / 2)^2))

    Source: Luong et al. 2015, section 3.2, "local-p", with the "general" score. As in the paper the Gaussian is not
    normalised again, so that the rows of the alignment sum to less than 1. Places are computed in float32 whatever the
    format of the products: bfloat16 knows no position between 512 and 516.
    """

    def __init__(self, query_size: int, memory_size: int, window: int) -> None:
        super().__init__(query_size, memory_size)
        self.window = window
        self.position_layer = Linear(query_size, query_size, bias=False)
        self.position_vector = nn.Parameter(torch.empty(query_size))
        nn.init.xavier_uniform_(self.position_layer.weight)
        nn.init.uniform_(self.position_vector, -(query_size**-0.5), query_size**-0.5)

    def centres(self, query: Tensor, visible: Tensor) -> Tensor:
        """query (B, T, Q), visible (B, S) -> p (B, T), from 0 to each row's own length, float32 or better."""
        exact = torch.promote_types(query.dtype, torch.float32)
        with as_it_stands(query.device):
            predicted = torch.tanh(linear(query.to(exact), self.position_layer.weight.to(exact)))
            return visible.sum(-1)[:, None] * torch.sigmoid(predicted @ self.position_vector.to(exact))

    def forward(
        self,
        query: Tensor,
        keys: Tensor,
        memory: Tensor,
        visible: Tensor,
        *,
        through_alignment: bool = False,  # noqa: ARG002 - as DotAttention's
    ) -> tuple[Tensor, Tensor]:
        """As DotAttention's; the rows of the alignment sum to at most 1."""
        check_shape(memory, "B S D", "memory", B=query.shape[0], S=keys.shape[1])
        check_visible(visible)
        positions = torch.arange(keys.shape[1], device=query.device)
        distance = positions - self.centres(query, visible)[:, :, None]  # (B, T, S)
        near = visible[:, None] & (distance.detach().abs() <= self.window)
        scores = self.scores(query, keys).to(distance.dtype)
        shares = scores.masked_fill(~near, -math.inf).softmax(dim=-1)
        alignment = shares * torch.exp(-(distance**2) / (2 * (self.window / 2) ** 2))
        return alignment.to(memory.dtype) @ memory, alignment


class CoverageAttention(AdditiveAttention):
    """Additive attention that knows what was looked at before.

        score(s) = v . tanh(W query + U memory(s) + w coverage(s) + b)
        coverage = the sum of the alignments at the positions before

    Source: See et al. 2017, section 2.3 (Tu et al. 2016 with "linguistic coverage" and a fertility of 1). Each
    position waits for the alignment before it, so `read` takes one position in time; `forward` is the first one.
    """

    def __init__(self, query_size: int, memory_size: int, attention_size: int) -> None:
        super().__init__(query_size, memory_size, attention_size)
        self.coverage_layer = Linear(1, attention_size, bias=False)
        nn.init.xavier_uniform_(self.coverage_layer.weight)

    def read(
        self, query: Tensor, keys: Tensor, memory: Tensor, visible: Tensor, coverage: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Average the memory as `forward` does, one position in time.

        query     (B, W, Q), the rows that stand beside each other: a beam, or a single one
        keys      (B, S, A) from `prepare`
        memory    (B, S, D)
        visible   (B, S) bool, False at padding
        coverage  (B, W, S), how much each row has looked at each position so far
        Returns   context (B, W, D), alignment (B, W, S), coverage (B, W, S) with this position
        Raises    ShapeError; EmptyMemoryError for a row with nothing to see
        """
        check_shape(memory, "B S D", "memory", B=query.shape[0], S=keys.shape[1])
        check_shape(coverage, "B W S", "coverage", B=query.shape[0], W=query.shape[1], S=keys.shape[1])
        context, alignment = read_memory(self.covered_scores(query, keys, coverage), memory, visible)
        return context, alignment, coverage + alignment

    def covered_scores(self, query: Tensor, keys: Tensor, coverage: Tensor) -> Tensor:
        """query (B, W, Q), keys (B, S, A), coverage (B, W, S) -> (B, W, S)."""
        asked = self.query_layer(query).flatten(0, 1)[:, None]  # (B W, 1, A)
        known = keys[:, None] + self.coverage_layer(coverage[..., None])  # (B, W, S, A)
        return self.compare(asked, known.flatten(0, 1)).view(coverage.shape)
