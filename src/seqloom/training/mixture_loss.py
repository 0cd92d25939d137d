"""The loss of a model that copies: over the mixture of writing and copying, a chunk of rows at a time."""

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from seqloom.models.pointer_generator import Mixing, PointerGenerator
from seqloom.training.loss import chunk_rows, divergence_between

LEAST = (
    -100.0
)  # nats: what a word counts that attention can't reach (beyond a window), so that no loss is infinite


def mixture_loss_plain(
    log_probs: Tensor, targets: Tensor, smoothing: float, vocabulary: int
) -> tuple[Tensor, Tensor]:
    """Cross-entropy against (1 - smoothing) on the target and smoothing spread over the vocabulary, summed.

    log_probs  (M, V + extra), targets (M,)
    Returns    the loss and the plain negative log-likelihood, sums in nats over the M positions

    Words of the source that the vocabulary doesn't have get nothing of the smoothing: they are another for each
    sentence, and most can't be written. It is the mixture that is smoothed, so that the switch keeps open too.
    """
    log_probs = log_probs.clamp(min=LEAST)
    likelihood = -log_probs.gather(1, targets[:, None]).sum()
    if not smoothing:
        return likelihood, likelihood.detach()
    spread = -log_probs[:, :vocabulary].sum() / vocabulary
    return (1 - smoothing) * likelihood + smoothing * spread, likelihood.detach()


def mixture_loss(
    model: PointerGenerator, mixing: Mixing, targets: Tensor, smoothing: float, r_drop: float = 0.0
) -> tuple[Tensor, Tensor]:
    """The same from what is mixed; each chunk's probabilities are computed again on the way back, and never kept.

    mixing   of the M positions that count, padding left out, or (P M) of several passes, one after the other
    targets  (M,)
    r_drop   what the divergence between two passes counts: of what they write, copied or not
    """
    passes = len(mixing.features) // len(targets) if len(targets) else 1

    def of_chunk(mixed: Mixing, target: Tensor) -> tuple[Tensor, Tensor]:
        log_probs = model.log_probabilities(mixed)
        found = mixture_loss_plain(log_probs, target.repeat(passes), smoothing, model.vocabulary)
        if not r_drop:
            return found
        both = log_probs.clamp(min=LEAST).unflatten(0, (passes, len(target)))
        return found[0] + r_drop / 2 * divergence_between(both)[0], found[1]

    loss = likelihood = mixing.features.new_zeros((), dtype=torch.float64)
    rows = max(1, chunk_rows(mixing.symbols, torch.float32) // passes)
    each = torch.arange(len(mixing.features), device=targets.device).view(passes, len(targets))
    for start in range(0, len(targets), rows):
        piece = slice(start, start + rows)
        mixed = mixing.of(each[:, piece].flatten() if passes > 1 else piece)
        found = checkpoint(of_chunk, mixed, targets[piece], use_reentrant=False, preserve_rng_state=False)
        loss, likelihood = loss + found[0], likelihood + found[1]
    exact = torch.promote_types(mixing.features.dtype, torch.float32)
    return loss.to(exact), likelihood.to(exact)


@torch.no_grad()
def likeliest(model: PointerGenerator, mixing: Mixing) -> Tensor:
    """The likeliest symbol at each of M positions, (M,), a chunk at a time."""
    rows = chunk_rows(mixing.symbols, torch.float32)
    pieces = [slice(start, start + rows) for start in range(0, len(mixing.features), rows)]
    return torch.cat([model.log_probabilities(mixing.of(piece)).argmax(dim=-1) for piece in pieces])
