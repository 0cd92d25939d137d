"""Label-smoothed likelihood, with output layer, softmax and loss fused so that the logits are never held whole."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from seqloom.base.errors import ShapeError
from seqloom.data.batch import Batch
from seqloom.models.seq2seq import Seq2Seq
from seqloom.training.machine import Machine

CHUNK = 1024  # rows of logits held at a time
ROWS = (
    128  # chunks are filled up to a multiple: products are compiled for each shape met, and so there are few
)


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
    """

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, table: Tensor, bias: Tensor, targets: Tensor, smoothing: float
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
            loss += (1 - smoothing) * right.sum()
            if smoothing:
                loss += smoothing * (log_sum.sum() - logits.sum() / symbols)
            if not wanted:
                continue
            gradient = logits.sub_(log_sum).exp_()
            if smoothing:
                gradient -= smoothing / symbols
            gradient.scatter_add_(1, target, gradient.new_full(target.shape, smoothing - 1))
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
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        features, table, bias = ctx.saved_tensors
        return features * gradients[0], table * gradients[0], bias * gradients[0], None, None


def fused_smoothed_loss(
    features: Tensor, table: Tensor, bias: Tensor, targets: Tensor, smoothing: float
) -> tuple[Tensor, Tensor]:
    """The loss of features under a linear output layer.

    features     (M, E), padding left out
    table, bias  (V, E), (V,)
    targets      (M,) int64
    Returns      the smoothed loss and the plain negative log-likelihood, sums in nats
    """
    if not torch.is_grad_enabled():  # which the function itself can't see: spare it the way back
        features, table, bias = features.detach(), table.detach(), bias.detach()
    loss, likelihood = FusedLoss.apply(features, table, bias, targets, smoothing)
    return loss, likelihood


def batch_loss(model: Seq2Seq, batch: Batch, machine: Machine, smoothing: float) -> tuple[Tensor, Tensor]:
    """The smoothed loss and the plain negative log-likelihood of a batch, sums in nats over its target symbols.

    Raises   ShapeError for a batch without targets
    """
    if batch.target_output is None:
        raise ShapeError("The batch has no targets, so it has no loss.")
    with machine.autocast():
        features = model.decode(batch, model.encode(batch)).features
        mask = batch.target_mask
        output = model.output
        targets = batch.target_output[mask]
        return fused_smoothed_loss(features[mask], output.table, output.bias, targets, smoothing)
