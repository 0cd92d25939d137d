"""Read a memory by scores: a softmax over the positions that are visible, and the average of the memory under it.

Products this small, a few positions of one sentence by a few of another, have as many shapes as there are pairs of
lengths. They are computed by compiled loops where there are, to which shapes are nothing.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqloom.base.errors import EmptyMemoryError
from seqloom.base.shapes import check_shape
from seqloom.layers import kernels


def check_visible(visible: Tensor) -> None:
    """visible (B, S) bool. Raises EmptyMemoryError for a row with nothing to see (not on a GPU: it would stall)."""
    if not visible.is_cuda and not bool(visible.any(dim=-1).all()):
        row = int((~visible.any(dim=-1)).nonzero()[0, 0])
        raise EmptyMemoryError(f"row {row} of the memory has no visible position; expected at least one.")


def normalise_scores(scores: Tensor, visible: Tensor) -> Tensor:
    """Softmax over the visible positions.

    scores   (B, T, S)
    visible  (B, S) bool, False at padding
    Returns  alignment (B, T, S) whose rows sum to 1, zero where nothing is to be seen
    Raises   EmptyMemoryError for a row with nothing to see (not checked on a GPU, where it would stall)
    """
    check_visible(visible)
    return scores.masked_fill(~visible[:, None, :], -math.inf).softmax(dim=-1)


def read_memory(scores: Tensor, memory: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Average the memory under the softmax of the scores, compiled where it can be.

    scores   (B, T, S)
    memory   (B, S, D)
    visible  (B, S) bool, False at padding
    Returns  context (B, T, D), alignment (B, T, S) whose rows sum to 1
    Raises   ShapeError; EmptyMemoryError for a row with nothing to see
    """
    check_shape(memory, "B S D", "memory", B=scores.shape[0], S=scores.shape[2])
    check_shape(visible, "B S", "visible", B=scores.shape[0], S=scores.shape[2])
    if not kernels.ready(memory) or scores.dtype not in kernels.FORMATS:
        return read_memory_plain(scores, memory, visible)
    check_visible(visible)
    read: tuple[Tensor, Tensor] = FusedReading.apply(scores, memory, visible)
    return read


def read_memory_plain(scores: Tensor, memory: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """The readable twin."""
    alignment = normalise_scores(scores, visible)
    return alignment @ memory, alignment


class FusedReading(torch.autograd.Function):
    """The same in one pass for each sentence, forwards and backwards."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, memory: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        batch, asked, stored = scores.shape
        sizes = (batch, asked, stored, memory.shape[2])
        exact, memory = scores.float().contiguous(), memory.contiguous()
        alignment = torch.empty_like(exact)
        context = memory.new_empty(batch, asked, memory.shape[2])
        seen = visible.contiguous()
        kernels.call("read_memory", memory.dtype, exact, memory, seen, alignment, context, *sizes)
        ctx.save_for_backward(memory, alignment)
        ctx.sizes, ctx.number = sizes, scores.dtype
        return context, alignment

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor, Tensor, None]:
        memory, alignment = ctx.saved_tensors
        of_context, of_alignment = (None if each is None else each.contiguous() for each in gradients)
        if of_context is None:
            of_context = memory.new_zeros(*alignment.shape[:2], memory.shape[2])
        of_scores, of_memory = torch.empty_like(alignment), torch.empty_like(memory)
        told = (memory, alignment, of_alignment, of_context, of_scores, of_memory)
        kernels.call("read_memory_back", memory.dtype, *told, *ctx.sizes)
        return of_scores.to(ctx.number), of_memory, None


def dot_scores(query: Tensor, keys: Tensor) -> Tensor:
    """query (B, T, D), keys (B, S, D) -> query . keys (B, T, S), compiled where it can be. Raises ShapeError."""
    check_shape(keys, "B S D", "keys", B=query.shape[0], D=query.shape[2])
    if not kernels.ready(query, keys):
        return dot_scores_plain(query, keys)
    scores: Tensor = FusedDotScores.apply(query, keys)
    return scores


def dot_scores_plain(query: Tensor, keys: Tensor) -> Tensor:
    """The readable twin."""
    return query @ keys.transpose(1, 2)


class FusedDotScores(torch.autograd.Function):
    """The same, exact to float32 whatever the format of query and keys."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, keys: Tensor) -> Tensor:
        query, keys = query.contiguous(), keys.contiguous()
        batch, asked, width = query.shape
        sizes = (batch, asked, keys.shape[1], width)
        scores = query.new_empty(sizes[:3], dtype=torch.float32)
        kernels.call("dot_scores", query.dtype, query, keys, scores, *sizes)
        ctx.save_for_backward(query, keys)
        ctx.sizes = sizes
        return scores

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        query, keys = ctx.saved_tensors
        of_query, of_keys = torch.empty_like(query), torch.empty_like(keys)
        told = (query, keys, gradients[0].contiguous(), of_query, of_keys)
        kernels.call("dot_scores_back", query.dtype, *told, *ctx.sizes)
        return of_query, of_keys
