"""Reading a memory position by position by an attention that knows what was looked at before."""

import torch
from torch import Tensor

from seqloom.layers.further_attention import CoverageAttention
from seqloom.layers.one_gradient import one_gradient
from seqloom.models.state import Memory, SourceView


def nothing_covered(memory: Memory) -> Tensor:
    """The coverage before the first position, (B, S)."""
    exact = torch.promote_types(memory.values.dtype, torch.float32)  # a sum of many small shares
    return memory.values.new_zeros(memory.visible.shape, dtype=exact)


def read_covered(
    query: Tensor, source: SourceView, coverage: Tensor, attention: CoverageAttention
) -> tuple[Tensor, Tensor, Tensor]:
    """Each position waits for the alignments before it, so this loops over time.

    query     (N, T, Q)
    source    keys (B, S, A) from the attention's `prepare`, and the memory (B, S, M), first and second
    coverage  (N, S), the sum of the alignments so far
    Returns   context (N, T, M), alignment (N, T, S), the coverage after the last position
    """
    keys, values = source.tensors[:2]
    covered = source.beside(coverage[:, None])
    contexts, looked = [], []
    with one_gradient():
        for now in query.split(1, dim=1):
            context, alignment, covered = attention.read(
                source.beside(now), keys, values, source.visible, covered
            )
            contexts.append(source.apart(context))
            looked.append(source.apart(alignment))
    return torch.cat(contexts, 1), torch.cat(looked, 1), source.apart(covered)[:, 0]
