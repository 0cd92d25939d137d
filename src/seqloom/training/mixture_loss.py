"""The loss of a model that copies: over the mixture of writing and copying, a chunk of rows at a time."""

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from seqloom.models.pointer_generator import Mixing, PointerGenerator
from seqloom.training.loss import chunk_rows

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
    model: PointerGenerator, mixing: Mixing, targets: Tensor, smoothing: float
) -> tuple[Tensor, Tensor]:
    """The same from what is mixed; each chunk's probabilities are computed again on the way back, and never kept.

    mixing   of the M positions that count, padding left out; targets (M,)
    """

    def of_chunk(mixed: Mixing, target: Tensor) -> tuple[Tensor, Tensor]:
        return mixture_loss_plain(model.log_probabilities(mixed), target, smoothing, model.vocabulary)

    loss = likelihood = mixing.features.new_zeros((), dtype=torch.float64)
    rows = chunk_rows(mixing.symbols, torch.float32)
    for start in range(0, len(targets), rows):
        piece = slice(start, start + rows)
        found = checkpoint(
            of_chunk, mixing.of(piece), targets[piece], use_reentrant=False, preserve_rng_state=False
        )
        loss, likelihood = loss + found[0], likelihood + found[1]
    exact = torch.promote_types(mixing.features.dtype, torch.float32)
    return loss.to(exact), likelihood.to(exact)


@torch.no_grad()
def likeliest(model: PointerGenerator, mixing: Mixing) -> Tensor:
    """The likeliest symbol at each of M positions, (M,), a chunk at a time."""
    rows = chunk_rows(mixing.symbols, torch.float32)
    pieces = [slice(start, start + rows) for start in range(0, len(mixing.features), rows)]
    return torch.cat([model.log_probabilities(mixing.of(piece)).argmax(dim=-1) for piece in pieces])
