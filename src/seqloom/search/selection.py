"""The largest of many, with ties broken by the lower index, so that a search has one result and not several.

`torch.topk` leaves the order of equal values, and which of them are taken, to the machine. `best` does not; its
readable twin is `best_plain`. `best_continuations` finds the best of W * V continuations in one pass over them:
the k best lie in the k blocks with the best maxima, so only those blocks are looked into.
"""

import torch
from torch import Tensor

BLOCK = 128  # symbols; near the square root of a usual vocabulary, where both stages cost alike
FEW = 4096  # values; a stable sort of so few is as quick as anything
LOW = 0xFFFFFFFF  # the lower half of a 64-bit key


def best_plain(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """values (..., M) -> the k largest in falling order and their indices (..., k); equal ones by rising index."""
    ordered, indices = values.sort(dim=-1, descending=True, stable=True)
    return ordered[..., :k], indices[..., :k]


def best(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The same as `best_plain`, without sorting what isn't asked for.

    A float32's bits, seen as an integer, order as the float does once the negative ones are flipped. With the index
    counted backwards in the lower half, every key is different, and the order of keys is the order wanted.
    """
    if values.dtype != torch.float32 or values.numel() <= FEW:
        return best_plain(values, k)
    bits = (values + 0.0).view(torch.int32)  # adding 0 makes -0 equal to 0
    rank = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    backwards = LOW - torch.arange(values.shape[-1], device=values.device)
    keys = (rank.to(torch.int64) << 32) | backwards
    indices = LOW - (keys.topk(k, dim=-1).values & LOW)
    return values.gather(-1, indices), indices


def best_continuations(log_probs: Tensor, so_far: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k best of all continuations of each sentence, by so_far + log_probs; ties by lower parent, lower symbol.

    log_probs  (B, W, V)  of each next symbol; -inf where it may not be written
    so_far     (B, W)     log-probability of each hypothesis; -inf where there is none
    Returns    values (B, k) and indices (B, k) into W * V, whose parent is index // V and symbol index % V
    """
    sentences, beam, vocabulary = log_probs.shape
    blocks = -(-vocabulary // BLOCK)
    if blocks < 2 * k or beam * vocabulary <= FEW:
        return best((log_probs + so_far[:, :, None]).flatten(1), k)
    whole = vocabulary // BLOCK
    peaks = log_probs[:, :, : whole * BLOCK].view(sentences, beam, whole, BLOCK).amax(dim=-1)  # (B, W, whole)
    if whole < blocks:
        peaks = torch.cat([peaks, log_probs[:, :, whole * BLOCK :].amax(dim=-1, keepdim=True)], dim=2)
    _, chosen = best((peaks + so_far[:, :, None]).flatten(1), k)
    chosen = chosen.sort(dim=-1).values  # (B, k), rising again, so that ties stay right below
    parents = (chosen // blocks)[:, :, None]
    symbols = (chosen % blocks)[:, :, None] * BLOCK + torch.arange(
        BLOCK, device=chosen.device
    )  # (B, k, BLOCK)
    beyond = symbols >= vocabulary  # the last block may be short
    indices = (parents * vocabulary + symbols.clamp(max=vocabulary - 1)).flatten(1)
    found = log_probs.view(sentences, -1).gather(1, indices).masked_fill(beyond.flatten(1), -torch.inf)
    parents = parents.expand_as(symbols).flatten(1)
    values, positions = best(found + so_far.gather(1, parents), k)
    return values, indices.gather(1, positions)
