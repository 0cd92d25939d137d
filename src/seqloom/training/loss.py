"""Label-smoothed likelihood, with output layer, softmax and loss fused so that the logits are never held whole."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

CHUNK = 1024  # rows of logits held at a time
ROWS = (
    128  # chunks are filled up to a multiple: products are compiled for each shape met, and so there are few
)


Teacher = Callable[[int, int], Tensor]


def smoothed_loss(logits: Tensor, targets: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """Cross-entropy against (1 - smoothing) on the target and smoothing spread over all symbols, summed.

    logits   (M, V), targets (M,): positions that count, padding left out
    Returns  the loss and the plain negative log-likelihood, both sums in nats over the M positions
    Source   Szegedy et al. 2016, section 7. The readable twin of `FusedLoss`.
    """
    loss = functional.cross_entropy(logits, targets, label_smoothing=smoothing, reduction="sum")
    likelihood = functional.cross_entropy(logits.detach(), targets, reduction="sum")
    return loss, likelihood


class FusedLoss(torch.autograd.Function):
    """The same from features and the output layer's table, forward and backward at once, a chunk of rows at a time.

    With p = softmax(logits) the gradient of the logits is p - smoothed target, known as soon as the logits are; so
    each chunk's logits are turned into their own gradient in place and multiplied back while they are in the cache.
    A teacher's distribution q is one more target: share * q and (1 - share) * the smoothed one.
    """

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        table: Tensor,
        bias: Tensor,
        targets: Tensor,
        smoothing: float,
        teacher: Teacher | None,
        share: float,
    ) -> tuple[Tensor, Tensor]:
        symbols = len(table)
        wanted = any(ctx.needs_input_grad[:3])
        compute = (
            torch.get_autocast_dtype(features.device.type)
            if torch.is_autocast_enabled(features.device.type)
            else features.dtype
        )
        compute_table = table.to(compute)
        feature_gradient = torch.empty_like(features)
        table_gradient = torch.zeros_like(table)
        bias_gradient = torch.zeros_like(bias)
        exact = torch.promote_types(compute, torch.float32)  # of the softmax and the sums
        loss = features.new_zeros((), dtype=exact)
        likelihood = features.new_zeros((), dtype=exact)
        for start in range(0, len(features), CHUNK):
            target = targets[start : start + CHUNK, None]
            count = len(target)
            piece = functional.pad(features[start : start + CHUNK].to(compute), (0, 0, 0, -count % ROWS))
            products = torch.addmm(bias.to(compute), piece, compute_table.T).to(exact)
            logits = products[:count]
            log_sum = logits.logsumexp(dim=-1, keepdim=True)
            right = log_sum - logits.gather(1, target)  # negative log-likelihood of the target, (M', 1)
            likelihood += right.sum()
            loss += (1 - share) * (1 - smoothing) * right.sum()
            if smoothing:
                loss += (1 - share) * smoothing * (log_sum.sum() - logits.sum() / symbols)
            wished = None
            if teacher is not None:
                wished = teacher(start, start + count).to(exact)
                loss += share * (log_sum.sum() - (wished * logits).sum())
            if not wanted:
                continue
            gradient = logits.sub_(log_sum).exp_()
            if smoothing:
                gradient -= (1 - share) * smoothing / symbols
            gradient.scatter_add_(1, target, gradient.new_full(target.shape, (1 - share) * (smoothing - 1)))
            if wished is not None:
                gradient -= share * wished
            bias_gradient += gradient.sum(0)
            products[count:] = 0.0
            gradient = products.to(compute)  # with the rows that fill it up, whose gradient is zero
            feature_gradient[start : start + CHUNK] = (gradient @ compute_table)[:count]
            table_gradient += gradient.T @ piece
        ctx.save_for_backward(feature_gradient, table_gradient, bias_gradient)
        ctx.mark_non_differentiable(likelihood)
        return loss, likelihood

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        features, table, bias = ctx.saved_tensors
        scale = gradients[0]
        return features * scale, table * scale, bias * scale, None, None, None, None


def fused_smoothed_loss(
    features: Tensor,
    table: Tensor,
    bias: Tensor,
    targets: Tensor,
    smoothing: float,
    teacher: Teacher | None = None,
    share: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """The loss of features under a linear output layer.

    features     (M, E), padding left out
    table, bias  (V, E), (V,)
    targets      (M,) int64
    teacher      another model's probabilities of the symbols at positions start to stop, (stop - start, V)
    share        of the loss that is the cross-entropy with them (Kim and Rush 2016, section 3.1)
    Returns      the smoothed loss and the plain negative log-likelihood, sums in nats
    """
    if not torch.is_grad_enabled():  # which the function itself can't see: spare it the way back
        features, table, bias = features.detach(), table.detach(), bias.detach()
    loss, likelihood = FusedLoss.apply(
        features, table, bias, targets, smoothing, teacher, share if teacher else 0.0
    )
    return loss, likelihood
