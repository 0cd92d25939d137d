"""Label-smoothed likelihood, with output layer, softmax and loss fused so that the logits are never held whole."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from seqloom.base.shapes import check_shape
from seqloom.layers import kernels
from seqloom.layers.row_blocks import ROWS, compute_type, filled_up

CHUNK_BYTES = 20_000_000  # of logits at a time: few enough that they stay in the cache until they are used up

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


def chunk_rows(symbols: int, number: torch.dtype, passes: int = 1) -> int:
    """Positions whose logits are computed at a time."""
    return max(CHUNK_BYTES // (symbols * number.itemsize) // ROWS, 1) * ROWS // passes


class Weights(NamedTuple):
    """What the parts of the loss count.

    smoothing  of the labels
    share      of a teacher's distribution
    r_drop     of the divergence between two passes; 0 where there is one
    """

    smoothing: float
    share: float = 0.0
    r_drop: float = 0.0

    @property
    def passes(self) -> int:
        """How often each position was computed."""
        return 2 if self.r_drop else 1


def to_gradient(
    logits: Tensor,
    bias: Tensor,
    targets: Tensor,
    weights: Weights,
    wished: Tensor | None,
    *,
    wanted: bool,
) -> tuple[Tensor, Tensor]:
    """Turn logits into the gradient of their own loss, in place; gives the loss, summed, and the likelihood (P, M).

    logits   (N, V) without the bias (V,), the first of which are those of P passes over M positions
    targets  (M,)
    wished   a teacher's distribution (M, V), or None
    wanted   whether a gradient is; otherwise the logits may be left as they are
    Raises   ShapeError
    """
    check_shape(bias, "V", "bias", V=logits.shape[1])
    if wished is not None:
        check_shape(wished, "M V", "wished", M=len(targets), V=logits.shape[1])
    if not kernels.ready(logits) or bias.dtype != torch.float32:
        return to_gradient_plain(logits, bias, targets, weights, wished, wanted=wanted)
    sums = torch.empty(2, weights.passes, len(targets), dtype=torch.float64)
    kernels.call(
        "smoothed_loss",
        logits.dtype,
        logits,
        bias,
        targets,
        None if wished is None else wished.float().contiguous(),
        weights.passes,
        len(targets),
        logits.shape[1],
        weights.smoothing,
        weights.share,
        weights.r_drop / 2,
        int(wanted),
        sums[0],
        sums[1],
    )
    return sums[0].sum(), sums[1]


def to_gradient_plain(
    logits: Tensor,
    bias: Tensor,
    targets: Tensor,
    weights: Weights,
    wished: Tensor | None,
    *,
    wanted: bool,
) -> tuple[Tensor, Tensor]:
    """The same without compiled kernels: its readable twin."""
    smoothing, share, r_drop = weights
    passes, symbols = weights.passes, logits.shape[1]
    target = targets[None, :, None].expand(passes, -1, 1)
    own = logits[: passes * len(targets)].unflatten(0, (passes, len(targets)))
    exact = own.to(torch.promote_types(logits.dtype, torch.float32)) + bias  # (P, M, V)
    log_probability = exact.log_softmax(dim=-1)  # half as long as its logsumexp takes
    each = -log_probability.gather(2, target)  # negative log-likelihood of the targets
    spread = -log_probability.sum() / symbols  # the same in the mean over all symbols
    loss = (1 - share) * ((1 - smoothing) * each.sum() + smoothing * spread)
    if wished is not None:
        loss = loss - share * (wished * log_probability).sum()
    gradient = log_probability.exp()
    if r_drop:
        divergence, of_divergence = divergence_between(log_probability)
        loss = loss + r_drop / 2 * divergence
        gradient += r_drop / 2 * of_divergence
    if not wanted:
        return loss, each[..., 0]
    gradient -= (1 - share) * smoothing / symbols
    gradient.scatter_add_(2, target, gradient.new_full(target.shape, (1 - share) * (smoothing - 1)))
    if wished is not None:
        gradient -= share * wished
    own.copy_(gradient)
    return loss, each[..., 0]


def divergence_between(log_probability: Tensor) -> tuple[Tensor, Tensor]:
    """KL(p, q) + KL(q, p), summed, and its gradient by the logits of both; log_probability (2, M, V) of p and q.

    Source   Liang et al. 2021 (R-Drop), equation 2
    """
    probability = log_probability.exp()
    apart = log_probability - log_probability.flip(0)  # log p - log q, log q - log p
    each = (probability * apart).sum(-1, keepdim=True)  # KL(p, q), KL(q, p)
    return each.sum(), probability * (apart - each + 1) - probability.flip(0)


class Chunk(NamedTuple):
    """Some of M positions, in each of P passes over them.

    rows    which positions
    read    (N, E) what is multiplied, filled up with zeros to one of few numbers of rows
    logits  (N, V) without the bias
    """

    rows: slice
    read: Tensor
    logits: Tensor


def in_chunks(features: Tensor, table: Tensor) -> Iterator[Chunk]:
    """The logits of features (P, M, E) under a table (V, E), all chunks in one place: use one up before the next."""
    passes, positions, _ = features.shape
    rows = chunk_rows(len(table), table.dtype, passes)
    room = table.new_empty(filled_up(passes * min(rows, positions)), len(table))
    for start in range(0, positions, rows):
        piece = features[:, start : start + rows].flatten(0, 1).to(table.dtype)
        piece = functional.pad(piece, (0, 0, 0, filled_up(len(piece)) - len(piece)))
        logits = torch.mm(piece, table.T, out=room[: len(piece)])
        yield Chunk(slice(start, min(start + rows, positions)), piece, logits)


class OutputGradients(NamedTuple):
    """Of the features (P, M, E), the table (V, E) and the bias (V,), as far as the chunks have gone back."""

    features: Tensor
    table: Tensor
    bias: Tensor

    def add(self, chunk: Chunk, table: Tensor) -> None:
        """Go back from a chunk whose logits have become their own gradient; the table as it was multiplied with."""
        own = self.features[:, chunk.rows]
        count = len(own.flatten(0, 1))
        chunk.logits[count:] = 0.0  # the rows that fill it up
        own.copy_((chunk.logits @ table)[:count].view(own.shape))
        if table.dtype == self.table.dtype:
            self.table.addmm_(chunk.logits.T, chunk.read)
        else:
            self.table.add_(chunk.logits.T @ chunk.read)
        self.bias.add_(kernels.column_sums(chunk.logits))


class FusedLoss(torch.autograd.Function):
    """The same from features and the output layer's table, forward and backward at once, a chunk of rows at a time.

    With p = softmax(logits) the gradient of the logits is p - smoothed target, known as soon as the logits are; so
    each chunk's logits are turned into their own gradient in place and multiplied back while they are in the cache.
    A teacher's distribution q is one more target: share * q and (1 - share) * the smoothed one. Where two passes over
    the same positions are to agree, a chunk has the same positions of both.
    """

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        table: Tensor,
        bias: Tensor,
        targets: Tensor,
        teacher: Teacher | None,
        weights: Weights,
    ) -> tuple[Tensor, Tensor]:
        wanted = any(ctx.needs_input_grad[:3])
        number = compute_type(features)
        columns = table.to(number)
        made = OutputGradients(torch.empty_like(features), torch.zeros_like(table), torch.zeros_like(bias))
        split = (weights.passes, len(targets))
        made_at = made._replace(features=made.features.unflatten(0, split))
        loss, likelihood = features.new_zeros(2, dtype=torch.float64).unbind()
        for chunk in in_chunks(features.unflatten(0, split), columns):
            wished = None if teacher is None else teacher(chunk.rows.start, chunk.rows.stop)
            found = to_gradient(chunk.logits, bias, targets[chunk.rows], weights, wished, wanted=wanted)
            loss, likelihood = loss + found[0], likelihood + found[1].sum()
            if wanted:
                made_at.add(chunk, columns)
        ctx.save_for_backward(*made)
        exact = torch.promote_types(number, torch.float32)
        loss, likelihood = loss.to(exact), likelihood.to(exact)
        ctx.mark_non_differentiable(likelihood)
        return loss, likelihood

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        features, table, bias = ctx.saved_tensors
        scale = gradients[0]
        return features * scale, table * scale, bias * scale, None, None, None


def fused_smoothed_loss(
    features: Tensor,
    table: Tensor,
    bias: Tensor,
    targets: Tensor,
    smoothing: float,
    teacher: Teacher | None = None,
    share: float = 0.0,
    r_drop: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """The loss of features under a linear output layer.

    features     (M, E), padding left out; (2 M, E), one pass after the other, with r_drop
    table, bias  (V, E), (V,)
    targets      (M,) int64
    teacher      another model's probabilities of the symbols at positions start to stop, (stop - start, V)
    share        of the loss that is the cross-entropy with them (Kim and Rush 2016, section 3.1)
    r_drop       weight of half the divergence KL(p, q) + KL(q, p) between both passes (Liang et al. 2021, equation 2)
    Returns      the smoothed loss and the plain negative log-likelihood, sums in nats over all passes
    """
    if not torch.is_grad_enabled():  # which the function itself can't see: spare it the way back
        features, table, bias = features.detach(), table.detach(), bias.detach()
    weights = Weights(smoothing, share if teacher else 0.0, r_drop)
    loss, likelihood = FusedLoss.apply(features, table, bias, targets, teacher, weights)
    return loss, likelihood
