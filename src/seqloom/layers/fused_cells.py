"""The GRU and the LSTM over whole sequences, with compiled steps between PyTorch's matrix products.

What PyTorch's own CPU kernels do in a dozen operations a position is one here, and what they multiply at each position
on the way back, the gradients of the weights, is one product over all positions. Inside, time comes first.
Each is the fused form of the cell of that name in cells.py, whose `step` is its readable twin.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqloom.layers import kernels

Parameters = tuple[Tensor, Tensor, Tensor, Tensor]  # input and recurrent weight, input and recurrent bias


def compute_type(inputs: Tensor) -> torch.dtype:
    """The format of the matrix products: autocast's where it is on."""
    device = inputs.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else inputs.dtype


def pays(inputs: Tensor) -> bool:
    """Whether the compiled steps can run over these inputs."""
    return kernels.ready(inputs) and compute_type(inputs) in kernels.FORMATS


def time_first(sequence: Tensor, number: torch.dtype) -> Tensor:
    """(B, T, D) -> contiguous (T, B, D) in that format."""
    return sequence.transpose(0, 1).to(number, memory_format=torch.contiguous_format).contiguous()


class FusedGRU(torch.autograd.Function):
    """inputs (B, T, D), hidden (B, H), lengths (B,) or None -> outputs (B, T, H) and the state at each row's end."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        hidden: Tensor,
        input_weight: Tensor,
        recurrent_weight: Tensor,
        input_bias: Tensor,
        recurrent_bias: Tensor,
        lengths: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        number = compute_type(inputs)
        batch, size = hidden.shape
        read = time_first(inputs, number)  # (T, B, D)
        times = len(read)
        weight, recurrent = input_weight.to(number), recurrent_weight.to(number)
        both = input_bias + recurrent_bias
        bias = torch.cat([both[: 2 * size], input_bias[2 * size :], recurrent_bias[2 * size :]]).float()
        asked = (read.flatten(0, 1) @ weight.T).view(times, batch, 3 * size)
        states = hidden.new_empty(times + 1, batch, size, dtype=torch.float32)
        states[0] = hidden
        copies = states if number == torch.float32 else states.to(number)  # what is multiplied
        gates = asked.new_empty(times, batch, 4 * size)
        remembered = asked.new_empty(batch, 3 * size)
        for t in range(times):
            torch.mm(copies[t], recurrent.T, out=remembered)
            step = (asked[t], remembered, bias, states[t], lengths, t, gates[t], states[t + 1], copies[t + 1])
            kernels.call("gru_step", number, *step, batch, size)
        ctx.save_for_backward(read, weight, recurrent, states, copies, gates, lengths)
        ctx.numbers = inputs.dtype, hidden.dtype, input_weight.dtype
        return copies[1:].transpose(0, 1), states[times].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        read, weight, recurrent, states, copies, gates, lengths = ctx.saved_tensors
        number = weight.dtype
        times, batch, stacked = gates.shape
        size = stacked // 4
        of_outputs = time_first(gradients[0], number)
        carried = gradients[1].float().clone(memory_format=torch.contiguous_format)
        product = gates.new_zeros(
            batch, size
        )  # the part of the state's gradient that comes through the weights
        made = torch.empty_like(gates)  # of candidate, reset, update, and the candidate's recurrent part
        for t in reversed(range(times)):
            step = (gates[t], states[t], lengths, t, of_outputs[t], product, carried, made[t])
            kernels.call("gru_step_back", number, *step, batch, size)
            torch.mm(made[t, :, size:], recurrent, out=product)
        made = made.flatten(0, 1)  # (T B, 4 H)
        of_read, of_remembered = made[:, : 3 * size], made[:, size:]
        of_inputs = of_read @ torch.cat([weight[2 * size :], weight[: 2 * size]])
        of_weight = of_read.T @ read.flatten(0, 1)
        of_recurrent = of_remembered.T @ copies[:times].flatten(0, 1)
        candidate, rest, recurrent_candidate = kernels.column_sums(made).split([size, 2 * size, size])
        inputs_type, hidden_type, weight_type = ctx.numbers
        return (
            of_inputs.view_as(read).transpose(0, 1).to(inputs_type),
            (carried + product).to(hidden_type),
            torch.cat([of_weight[size:], of_weight[:size]]).to(weight_type),
            of_recurrent.to(weight_type),
            torch.cat([rest, candidate]).to(weight_type),
            torch.cat([rest, recurrent_candidate]).to(weight_type),
            None,
        )


class FusedLSTM(torch.autograd.Function):
    """inputs (B, T, D), hidden and cell (B, H), lengths -> outputs (B, T, H), hidden and cell at each row's end."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        hidden: Tensor,
        cell: Tensor,
        input_weight: Tensor,
        recurrent_weight: Tensor,
        input_bias: Tensor,
        recurrent_bias: Tensor,
        lengths: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        number = compute_type(inputs)
        batch, size = hidden.shape
        read = time_first(inputs, number)  # (T, B, D)
        times = len(read)
        weight, recurrent = input_weight.to(number), recurrent_weight.to(number)
        bias = (input_bias + recurrent_bias).float()
        asked = (read.flatten(0, 1) @ weight.T).view(times, batch, 4 * size)
        states = hidden.new_empty(times + 1, batch, size, dtype=torch.float32)
        cells = torch.empty_like(states)
        states[0], cells[0] = hidden, cell
        copies = states if number == torch.float32 else states.to(number)  # what is multiplied
        gates = torch.empty_like(asked)
        remembered = asked.new_empty(batch, 4 * size)
        for t in range(times):
            torch.mm(copies[t], recurrent.T, out=remembered)
            before = (asked[t], remembered, bias, states[t], cells[t], lengths, t)
            after = (gates[t], states[t + 1], cells[t + 1], copies[t + 1])
            kernels.call("lstm_step", number, *before, *after, batch, size)
        ctx.save_for_backward(read, weight, recurrent, cells, copies, gates, lengths)
        ctx.numbers = inputs.dtype, hidden.dtype, input_weight.dtype
        return copies[1:].transpose(0, 1), states[times].clone(), cells[times].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        read, weight, recurrent, cells, copies, gates, lengths = ctx.saved_tensors
        number = weight.dtype
        times, batch, stacked = gates.shape
        size = stacked // 4
        of_outputs = time_first(gradients[0], number)
        carried, cell_carried = (
            gradient.float().clone(memory_format=torch.contiguous_format) for gradient in gradients[1:]
        )
        product = gates.new_zeros(
            batch, size
        )  # the part of the state's gradient that comes through the weights
        made = torch.empty_like(gates)
        for t in reversed(range(times)):
            step = (gates[t], cells[t], cells[t + 1], lengths, t, of_outputs[t], product)
            kernels.call("lstm_step_back", number, *step, carried, cell_carried, made[t], batch, size)
            torch.mm(made[t], recurrent, out=product)
        made = made.flatten(0, 1)  # (T B, 4 H)
        of_bias = kernels.column_sums(made)
        inputs_type, hidden_type, weight_type = ctx.numbers
        return (
            (made @ weight).view_as(read).transpose(0, 1).to(inputs_type),
            (carried + product).to(hidden_type),
            cell_carried.to(hidden_type),
            (made.T @ read.flatten(0, 1)).to(weight_type),
            (made.T @ copies[:times].flatten(0, 1)).to(weight_type),
            of_bias.to(weight_type),
            of_bias.to(weight_type),
            None,
        )
