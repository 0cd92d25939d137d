"""Linear maps of a loop over positions, whose weights get their gradients once, as one product over all positions.

A loop that multiplies by the same weight at each position would, on the way back, make that weight's whole gradient at
each of them and add it to the others': more memory written than read, for a product of few rows. The gradient is a sum
over rows, wherever they come from, so the rows are kept until all positions have gone back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqloom.layers import kernels
from seqloom.layers.row_blocks import compute_type, filled_up


class Positions:
    """What the positions that went back leave for the gradients of a weight (O, I) and its bias.

    weight, bias  in the format of the products
    count         positions that went forwards
    left          inputs (N, I) and gradients of the outputs (N, O) by position; going back again replaces them
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.weight, self.bias = weight, bias
        self.count = 0
        self.left: dict[int, tuple[Tensor, Tensor]] = {}

    def take(self) -> tuple[Tensor, Tensor]:
        """All inputs (M, I) and all gradients (M, O), which are kept no longer."""
        read, made = zip(*self.left.values(), strict=True)
        self.left = {}
        return one_below_another(read), one_below_another(made)


def one_below_another(parts: tuple[Tensor, ...]) -> Tensor:
    """Parts (N, D) -> all their rows, then zeros up to one of few numbers of rows."""
    count = sum(map(len, parts))
    rows = parts[0].new_empty(filled_up(count), parts[0].shape[1])
    torch.cat(parts, out=rows[:count])
    rows[count:] = 0.0
    return rows


class Gathered(torch.autograd.Function):
    """The end of the way back: a number that each position depends on, so that its gradient comes after all theirs."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, bias: Tensor | None, positions: Positions) -> Tensor:
        ctx.set_materialize_grads(False)
        ctx.positions = positions
        ctx.numbers = weight.dtype, None if bias is None else bias.dtype
        return weight.new_zeros(())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *_: Tensor | None) -> tuple[Tensor | None, Tensor | None, None]:
        if not ctx.positions.left:
            return None, None, None
        read, made = ctx.positions.take()
        weight_type, bias_type = ctx.numbers
        of_weight = (made.T @ read).to(weight_type) if ctx.needs_input_grad[0] else None
        of_bias = kernels.column_sums(made).to(bias_type) if ctx.needs_input_grad[1] else None
        return of_weight, of_bias, None


class AtPosition(torch.autograd.Function):
    """inputs (N, I) -> inputs . weight^T + bias (N, O); on the way back the weight's part is left to `Gathered`."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        gathered: Tensor,  # noqa: ARG004 - an edge of the graph
        positions: Positions,
    ) -> Tensor:
        weight, bias = positions.weight, positions.bias
        read = inputs.to(weight.dtype)
        ctx.save_for_backward(read)
        ctx.positions, ctx.position, ctx.number = positions, positions.count, inputs.dtype
        positions.count += 1
        return read @ weight.T if bias is None else torch.addmm(bias, read, weight.T)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, None]:
        (read,) = ctx.saved_tensors
        ctx.positions.left[ctx.position] = read, gradients[0]
        if not ctx.needs_input_grad[0]:
            return None, None, None
        return (gradients[0] @ ctx.positions.weight).to(ctx.number), None, None


class Loop:
    """The weights that a loop has met so far."""

    def __init__(self) -> None:
        self.met: dict[
            int, tuple[Tensor, Tensor, Positions]
        ] = {}  # by the weight's identity, which is kept alive

    def linear(self, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """As `linear.linear`, of which this is the form within a loop."""
        if id(weight) not in self.met:
            number = compute_type(inputs)
            positions = Positions(
                weight.detach().to(number), None if bias is None else bias.detach().to(number)
            )
            self.met[id(weight)] = weight, Gathered.apply(weight, bias, positions), positions
        _, gathered, positions = self.met[id(weight)]
        outputs: Tensor = AtPosition.apply(inputs.reshape(-1, weight.shape[1]), gathered, positions)
        return outputs.view(*inputs.shape[:-1], -1)


_around: ContextVar[Loop | None] = ContextVar("loop", default=None)


@contextmanager
def one_gradient() -> Iterator[None]:
    """A loop over positions, within which each weight keeps its value and is always given with the same bias.

    The gradients of a weight are right for one loss, or several that are asked for one after the other by all weights.
    """
    token = _around.set(Loop() if torch.is_grad_enabled() else None)
    try:
        yield
    finally:
        _around.reset(token)


def loop_around() -> Loop | None:
    """The loop that this is called in, if gradients are gathered there."""
    return _around.get() if torch.is_grad_enabled() else None
