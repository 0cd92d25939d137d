"""Linear maps: the many rows of a training in few shapes, the few rows of one sentence's search in a compiled loop.

A library's product of so few rows spends its time before it begins, or waits for memory that it reads out of order.
The loop wants the weight's columns together, which `lay_out_for_search` sees to once a model is trained; values and
shapes stay as they are.
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqloom.layers import kernels, row_blocks
from seqloom.layers.one_gradient import loop_around

FEW_ROWS = 64  # a search of several sentences, or one long source; beyond, a library's blocks pay anywhere


def as_it_stands(device: torch.device) -> AbstractContextManager[object]:
    """A context in which products are computed in the format of their inputs, whatever autocast says outside."""
    known = torch.amp.is_autocast_available(device.type)
    return torch.autocast(device.type, enabled=False) if known else nullcontext()


def few_rows_pay(inputs: Tensor, rows: int) -> bool:
    """Whether so many rows are for the compiled loops of a search: few of them, float32, nothing to be learned."""
    return (
        rows <= FEW_ROWS
        and inputs.dtype == torch.float32
        and kernels.ready(inputs)
        and not torch.is_grad_enabled()
        and not torch.is_autocast_enabled("cpu")
    )


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """inputs (..., I), weight (O, I), bias (O,) -> inputs . weight^T + bias (..., O)."""
    loop = loop_around()
    if loop is not None:
        return loop.linear(inputs, weight, bias)
    if row_blocks.pays(inputs, weight):
        blocked: Tensor = row_blocks.BlockedLinear.apply(inputs, weight, bias)
        return blocked
    columns, size = weight.shape
    rows = inputs.numel() // max(size, 1)
    if weight.stride(0) != 1 or not few_rows_pay(inputs, rows) or not kernels.ready(inputs, weight):
        return functional.linear(inputs, weight, bias)
    outputs = inputs.new_empty(*inputs.shape[:-1], columns)
    sizes = (rows, size, columns)
    kernels.call("few_rows", inputs.dtype, inputs.contiguous(), weight.t(), bias, outputs, *sizes)
    return outputs


def multiply(inputs: Tensor, weight: Tensor, *, out: Tensor) -> None:
    """inputs (N, I), weight (O, I) -> inputs . weight^T, written to `out` (N, O); all contiguous but the weight."""
    if weight.stride(0) == 1 and few_rows_pay(inputs, len(inputs)) and kernels.ready(weight, out):
        kernels.call("few_rows", inputs.dtype, inputs, weight.t(), None, out, len(inputs), *weight.t().shape)
    else:
        torch.mm(inputs, weight.t(), out=out)


def in_columns(weight: Tensor) -> nn.Parameter:
    """The same weight (O, I) with its columns together, for a model that is trained no more."""
    if weight.t().is_contiguous():
        return nn.Parameter(weight.detach(), requires_grad=False)  # it is so already
    return nn.Parameter(weight.detach().t().contiguous().t(), requires_grad=False)


class Linear(nn.Linear):
    """inputs . weight^T + bias."""

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs (..., I) -> (..., O)."""
        return linear(inputs, self.weight, self.bias)

    def lay_out_for_search(self) -> None:
        """See the module."""
        self.weight = in_columns(self.weight)
