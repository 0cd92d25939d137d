"""Products of many rows in few shapes.

oneDNN compiles a product for each shape that it meets, at most of a millisecond and half a megabyte each, and keeps it.
A corpus has hundreds of numbers of symbols in a batch, but few multiples of ROWS.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from seqloom.layers import kernels

ROWS = 128  # a product of many rows is filled up to a multiple
MANY_ROWS = 512  # from which, under a weight of at least LARGE numbers, a second product costs less than another shape
LARGE = 2**16


def filled_up(rows: int) -> int:
    """Rows of a product that are computed in place of so many."""
    return -(-rows // ROWS) * ROWS


def compute_type(inputs: Tensor) -> torch.dtype:
    """The format of the matrix products: autocast's where it is on."""
    device = inputs.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else inputs.dtype


class Blocks(NamedTuple):
    """Rows (M, I) in two: as many as are a multiple of ROWS, and ROWS that begin with the others and end with zeros."""

    whole: Tensor
    rest: Tensor

    @classmethod
    def of(cls, rows: Tensor) -> "Blocks":
        """Those of some rows (M, I); only the rest is copied."""
        count = len(rows) // ROWS * ROWS
        rest = rows[count:]
        return cls(rows[:count], functional.pad(rest, (0, 0, 0, ROWS - len(rest))))

    def times(self, matrix: Tensor, shape: Sequence[int]) -> Tensor:
        """matrix (I, O) -> the product of all rows with it, as `shape` (..., O) has them."""
        count = len(self.whole)
        products = self.whole.new_empty(count + ROWS, matrix.shape[1])
        torch.mm(self.whole, matrix, out=products[:count])
        torch.mm(self.rest, matrix, out=products[count:])
        return products.resize_(shape)  # no view, which a caller could not change in place

    def across(self, other: "Blocks") -> Tensor:
        """rows^T . other's rows, (I, O) from (M, I) and (M, O)."""
        product = self.whole.T @ other.whole
        return product.add_(self.rest.T @ other.rest)


def pays(inputs: Tensor, weight: Tensor) -> bool:
    """Whether a linear map (O, I) of these inputs (..., I) is computed in blocks: a large one in training on a CPU."""
    rows = inputs.numel() // max(inputs.shape[-1], 1)
    if rows < MANY_ROWS or rows % ROWS == 0 or weight.numel() < LARGE:
        return False
    return torch.is_grad_enabled() and inputs.device.type == "cpu"


class BlockedLinear(torch.autograd.Function):
    """inputs (..., I), weight (O, I), bias (O,) or None -> inputs . weight^T + bias (..., O), as functional.linear."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        number = compute_type(inputs)
        weights = weight.to(number)
        read = Blocks.of(inputs.to(number).reshape(-1, inputs.shape[-1]))
        outputs = read.times(weights.t(), (*inputs.shape[:-1], len(weights)))
        if bias is not None:
            outputs += bias.to(number)
        ctx.save_for_backward(*read, weights)
        ctx.numbers = inputs.dtype, weight.dtype, None if bias is None else bias.dtype
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        whole, rest, weights = ctx.saved_tensors
        inputs_type, weight_type, bias_type = ctx.numbers
        of_inputs = of_weight = of_bias = None
        gradient = gradients[0].reshape(-1, len(weights))
        of_outputs = Blocks.of(gradient)
        if ctx.needs_input_grad[0]:
            of_inputs = of_outputs.times(weights, (*gradients[0].shape[:-1], weights.shape[1])).to(
                inputs_type
            )
        if ctx.needs_input_grad[1]:
            of_weight = of_outputs.across(Blocks(whole, rest)).to(weight_type)
        if ctx.needs_input_grad[2]:
            of_bias = kernels.column_sums(gradient).to(bias_type)
        return of_inputs, of_weight, of_bias
