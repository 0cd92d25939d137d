"""The log-probability of each row's own target, for losses in which it is more than a term of a sum."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from seqloom.layers.embedding import OutputLayer
from seqloom.layers.row_blocks import compute_type
from seqloom.training.loss import OutputGradients, Weights, in_chunks, to_gradient

PLAIN = Weights(smoothing=0.0)


def row_likelihood_plain(output: OutputLayer, features: Tensor, targets: Tensor) -> Tensor:
    """features (M, E), targets (M,) -> the log-probability of each target (M,), float32 or better."""
    logits = output(features)
    exact = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return -functional.cross_entropy(exact, targets, reduction="none")


def row_likelihood(output: OutputLayer, features: Tensor, targets: Tensor) -> Tensor:
    """The same a chunk of rows at a time, so that the logits are never held whole."""
    read = output.narrow(features)
    if (
        not torch.is_grad_enabled()
    ):  # which the function itself can't see: spare it what is kept for the way back
        read = read.detach()
    found: Tensor = RowLikelihood.apply(read, output.table, output.bias, targets)
    return found


class RowLikelihood(torch.autograd.Function):
    """Forward and backward apart, unlike `FusedLoss`: what a row counts is known when all rows are.

    So each chunk's logits are computed again on the way back, and become their own gradient in place.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, table: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
        number = compute_type(features)
        read, columns = features.to(number), table.to(number)
        found = [
            to_gradient(chunk.logits, bias, targets[chunk.rows], PLAIN, None, wanted=False)[1][0]
            for chunk in in_chunks(read[None], columns)
        ]
        ctx.save_for_backward(read, columns, bias, targets)
        ctx.numbers = features.dtype, table.dtype
        exact = torch.promote_types(number, torch.float32)
        return -torch.cat(found).to(exact) if found else features.new_zeros(0, dtype=exact)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        read, columns, bias, targets = ctx.saved_tensors
        features_type, table_type = ctx.numbers
        of_features = torch.empty_like(read, dtype=features_type)
        of_table = torch.zeros_like(columns, dtype=table_type)
        made = OutputGradients(of_features[None], of_table, torch.zeros_like(bias))
        for chunk in in_chunks(read[None], columns):
            to_gradient(chunk.logits, bias, targets[chunk.rows], PLAIN, None, wanted=True)
            weight = gradients[0][chunk.rows]
            chunk.logits[: len(weight)] *= -weight[:, None]
            made.add(chunk, columns)
        return of_features, of_table, made.bias, None
