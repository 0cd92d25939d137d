"""Linear maps, with a compiled loop for the few rows of a search that translates one sentence.

A library's product of so few rows spends most of its time before it begins. The loop wants the weight's columns
together, which `lay_out_for_search` sees to once a model is trained; values and shapes stay as they are.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqloom.layers import kernels, row_blocks

FEW_ROWS = 16
SMALL = 100_000  # numbers of a weight that the loop reads from a near cache; larger ones are the library's


def linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """inputs (..., I), weight (O, I), bias (O,) -> inputs . weight^T + bias (..., O)."""
    columns, size = weight.shape
    rows = inputs.numel() // max(size, 1)
    if (
        rows > FEW_ROWS
        or weight.stride(0) != 1
        or columns * size > SMALL
        or inputs.dtype != torch.float32
        or not kernels.ready(inputs, weight)
        or torch.is_grad_enabled()
        or torch.is_autocast_enabled("cpu")
    ):
        return functional.linear(inputs, weight, bias)
    outputs = inputs.new_empty(*inputs.shape[:-1], columns)
    kernels.call(
        "few_rows", inputs.dtype, inputs.contiguous(), weight.t(), bias, outputs, rows, size, columns
    )
    return outputs


def training_linear(inputs: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The same, with the many rows of a training in few shapes."""
    if not row_blocks.pays(inputs, weight):
        return linear(inputs, weight, bias)
    outputs: Tensor = row_blocks.BlockedLinear.apply(inputs, weight, bias)
    return outputs


def in_columns(weight: Tensor) -> nn.Parameter:
    """The same weight (O, I) with its columns together, for a model that is trained no more."""
    return nn.Parameter(weight.detach().t().contiguous().t(), requires_grad=False)


class Linear(nn.Linear):
    """inputs . weight^T + bias."""

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs (..., I) -> (..., O)."""
        return training_linear(inputs, self.weight, self.bias)

    def lay_out_for_search(self) -> None:
        """See the module."""
        self.weight = in_columns(self.weight)
