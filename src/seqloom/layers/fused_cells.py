"""The GRU and the LSTM over whole sequences, with compiled steps between PyTorch's matrix products.

What PyTorch's own CPU kernels do in a dozen operations a position is one here, and what they multiply at each position
on the way back, the gradients of the weights, is one product over all positions. Inside, time comes first.
Each is the fused form of the cell of that name in cells.py, whose `step` is its readable twin. `gru_step` and
`lstm_step` are what is left of a single position, without gradients, once its products are made.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqloom.layers import kernels
from seqloom.layers.linear import multiply
from seqloom.layers.row_blocks import compute_type, filled_up

Parameters = tuple[Tensor, Tensor, Tensor, Tensor]  # input and recurrent weight, input and recurrent bias


def pays(inputs: Tensor) -> bool:
    """Whether the compiled steps can run over these inputs."""
    return kernels.ready(inputs) and compute_type(inputs) in kernels.FORMATS


def time_first(sequence: Tensor, number: torch.dtype, *, room: int) -> Tensor:
    """(B, T, D) -> contiguous (T B, D) in that format, filled up with zeros to `room` rows."""
    batch, times, width = sequence.shape
    rows = batch * times
    filled = sequence.new_empty(room, width, dtype=number)
    filled[:rows].view(times, batch, width).copy_(sequence.transpose(0, 1))
    filled[rows:] = 0.0
    return filled


def state_rows(hidden: Tensor, times: int, number: torch.dtype, *, room: int) -> Tensor:
    """Place for the states (T + 1, B, H) before and after each position, in `room` rows at least.

    The first are `hidden`; what no position writes is zero.
    """
    batch, size = hidden.shape
    used = (times + 1) * batch
    states = hidden.new_empty(max(used, room), size, dtype=number)
    states[:batch] = hidden
    states[used:] = 0.0
    return states


def by_position(rows: Tensor, batch: int, times: int) -> Tensor:
    """Rows (at least T B, D) -> the view (T, B, D)."""
    return rows[: times * batch].view(times, batch, -1)


class GRUStep(torch.autograd.Function):
    """One position: its products W x + b and U h' + b' (B, 3 H), hidden (B, H) -> hidden after it."""

    @staticmethod
    def forward(ctx: Any, read: Tensor, remembered: Tensor, hidden: Tensor) -> Tensor:
        batch, size = hidden.shape
        number = read.dtype
        before = hidden.float().contiguous()
        after, gates = torch.empty_like(before), read.new_empty(batch, 4 * size)
        copy = after if number == torch.float32 else torch.empty_like(after, dtype=number)
        step = (read, remembered, before.new_zeros(4 * size), before, None, 0, gates, after, copy)
        kernels.call("gru_step", number, *step, batch, size)
        ctx.save_for_backward(before, gates)
        ctx.number = hidden.dtype
        return after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        before, gates = ctx.saved_tensors
        batch, size = before.shape
        carried = gradients[0].clone(memory_format=torch.contiguous_format)
        nothing, made = gates.new_zeros(batch, size), torch.empty_like(gates)
        step = (gates, before, None, 0, nothing, nothing, carried, made)
        kernels.call("gru_step_back", gates.dtype, *step, batch, size)
        candidate, of_remembered = made.split([size, 3 * size], dim=1)
        of_read = torch.cat([of_remembered[:, : 2 * size], candidate], dim=1)
        return of_read, of_remembered, carried.to(ctx.number)


class LSTMStep(torch.autograd.Function):
    """One position: its products W x + b and U h' + b' (B, 4 H), hidden and cell (B, H) -> both after it."""

    @staticmethod
    def forward(
        ctx: Any, read: Tensor, remembered: Tensor, hidden: Tensor, cell: Tensor
    ) -> tuple[Tensor, Tensor]:
        batch, size = hidden.shape
        number = read.dtype
        cell_before = cell.float().contiguous()
        after, cell_after, gates = (
            torch.empty_like(cell_before),
            torch.empty_like(cell_before),
            torch.empty_like(read),
        )
        copy = after if number == torch.float32 else torch.empty_like(after, dtype=number)
        bias = cell_before.new_zeros(4 * size)  # the products have it
        before = (
            read,
            remembered,
            bias,
            after,
            cell_before,
            None,
            0,
        )  # no row has ended: none keeps its state
        kernels.call("lstm_step", number, *before, gates, after, cell_after, copy, batch, size)
        ctx.save_for_backward(cell_before, cell_after, gates)
        ctx.number = cell.dtype
        return after, cell_after

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, Tensor]:
        cell_before, cell_after, gates = ctx.saved_tensors
        batch, size = cell_before.shape
        carried, cell_carried = (
            gradient.clone(memory_format=torch.contiguous_format) for gradient in gradients
        )
        nothing, made = gates.new_zeros(batch, size), torch.empty_like(gates)
        step = (gates, cell_before, cell_after, None, 0, nothing, nothing, carried, cell_carried, made)
        kernels.call("lstm_step_back", gates.dtype, *step, batch, size)
        return made, made, None, cell_carried.to(ctx.number)


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
        number, times = compute_type(inputs), inputs.shape[1]
        batch, size = hidden.shape
        room = filled_up(batch * times) if any(ctx.needs_input_grad) else batch * times
        read = time_first(inputs, number, room=room)
        weight, recurrent = input_weight.to(number), recurrent_weight.to(number)
        both = input_bias + recurrent_bias
        bias = torch.cat([both[: 2 * size], input_bias[2 * size :], recurrent_bias[2 * size :]]).float()
        asked = by_position(read @ weight.T, batch, times)
        state_buffer = state_rows(hidden, times, torch.float32, room=room)
        copy_buffer = (
            state_buffer if number == torch.float32 else state_rows(hidden, times, number, room=room)
        )
        states, copies = (by_position(rows, batch, times + 1) for rows in (state_buffer, copy_buffer))
        gates = asked.new_empty(times, batch, 4 * size)
        remembered = asked.new_empty(batch, 3 * size)
        for t in range(times):
            multiply(copies[t], recurrent, out=remembered)
            step = (asked[t], remembered, bias, states[t], lengths, t, gates[t], states[t + 1], copies[t + 1])
            kernels.call("gru_step", number, *step, batch, size)
        ctx.save_for_backward(read, weight, recurrent, states, copy_buffer, gates, lengths)
        ctx.numbers = inputs.dtype, hidden.dtype, input_weight.dtype
        return copies[1:].transpose(0, 1), states[times].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        read, weight, recurrent, states, copy_buffer, gates, lengths = ctx.saved_tensors
        number = weight.dtype
        times, batch, stacked = gates.shape
        size = stacked // 4
        of_outputs = by_position(time_first(gradients[0], number, room=len(read)), batch, times)
        carried = gradients[1].float().clone(memory_format=torch.contiguous_format)
        product = gates.new_zeros(
            batch, size
        )  # the part of the state's gradient that comes through the weights
        made = gates.new_zeros(
            len(read), 4 * size
        )  # of candidate, reset, update, the candidate's recurrent part
        made_at = by_position(made, batch, times)
        for t in reversed(range(times)):
            step = (gates[t], states[t], lengths, t, of_outputs[t], product, carried, made_at[t])
            kernels.call("gru_step_back", number, *step, batch, size)
            torch.mm(made_at[t, :, size:], recurrent, out=product)
        of_read, of_remembered = made[:, : 3 * size], made[:, size:]
        of_inputs = of_read @ torch.cat([weight[2 * size :], weight[: 2 * size]])
        of_weight = of_read.T @ read
        of_recurrent = of_remembered.T @ copy_buffer[: len(read)]
        candidate, rest, recurrent_candidate = kernels.column_sums(made).split([size, 2 * size, size])
        inputs_type, hidden_type, weight_type = ctx.numbers
        return (
            by_position(of_inputs, batch, times).transpose(0, 1).to(inputs_type),
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
        number, times = compute_type(inputs), inputs.shape[1]
        batch, size = hidden.shape
        room = filled_up(batch * times) if any(ctx.needs_input_grad) else batch * times
        read = time_first(inputs, number, room=room)
        weight, recurrent = input_weight.to(number), recurrent_weight.to(number)
        bias = (input_bias + recurrent_bias).float()
        asked = by_position(read @ weight.T, batch, times)
        state_buffer = state_rows(hidden, times, torch.float32, room=room)
        copy_buffer = (
            state_buffer if number == torch.float32 else state_rows(hidden, times, number, room=room)
        )
        states, copies = (by_position(rows, batch, times + 1) for rows in (state_buffer, copy_buffer))
        cells = torch.empty_like(states)
        cells[0] = cell
        gates = torch.empty_like(asked)
        remembered = asked.new_empty(batch, 4 * size)
        for t in range(times):
            multiply(copies[t], recurrent, out=remembered)
            before = (asked[t], remembered, bias, states[t], cells[t], lengths, t)
            after = (gates[t], states[t + 1], cells[t + 1], copies[t + 1])
            kernels.call("lstm_step", number, *before, *after, batch, size)
        ctx.save_for_backward(read, weight, recurrent, cells, copy_buffer, gates, lengths)
        ctx.numbers = inputs.dtype, hidden.dtype, input_weight.dtype
        return copies[1:].transpose(0, 1), states[times].clone(), cells[times].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        read, weight, recurrent, cells, copy_buffer, gates, lengths = ctx.saved_tensors
        number = weight.dtype
        times, batch, stacked = gates.shape
        size = stacked // 4
        of_outputs = by_position(time_first(gradients[0], number, room=len(read)), batch, times)
        carried, cell_carried = (
            gradient.float().clone(memory_format=torch.contiguous_format) for gradient in gradients[1:]
        )
        product = gates.new_zeros(
            batch, size
        )  # the part of the state's gradient that comes through the weights
        made = gates.new_zeros(len(read), 4 * size)
        made_at = by_position(made, batch, times)
        for t in reversed(range(times)):
            step = (gates[t], cells[t], cells[t + 1], lengths, t, of_outputs[t], product)
            kernels.call("lstm_step_back", number, *step, carried, cell_carried, made_at[t], batch, size)
            torch.mm(made_at[t], recurrent, out=product)
        of_bias = kernels.column_sums(made)
        inputs_type, hidden_type, weight_type = ctx.numbers
        return (
            by_position(made @ weight, batch, times).transpose(0, 1).to(inputs_type),
            (carried + product).to(hidden_type),
            cell_carried.to(hidden_type),
            (made.T @ read).to(weight_type),
            (made.T @ copy_buffer[: len(read)]).to(weight_type),
            of_bias.to(weight_type),
            of_bias.to(weight_type),
            None,
        )
