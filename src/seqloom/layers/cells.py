"""The recurrent cells: one step written from the paper's equations, and the same over a whole sequence, fused.

A cell's state is a tuple of tensors (B, H), its output always first: (h,) for Elman and GRU, (h, c) for the LSTM.
`step` is for reading and for decoding; `sequence` runs PyTorch's fused kernel with the same parameters.
Parameters of all gates are stacked along the first axis, in the order that each class states. Cells that PyTorch has
no kernel for are in looped_cells.py and scan_cells.py, the table of all in family.py.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from seqloom.base.shapes import check_shape
from seqloom.layers import fused_cells
from seqloom.layers.linear import few_rows_pay, in_columns, linear
from seqloom.layers.one_gradient import loop_around
from seqloom.layers.row_blocks import compute_type

CellState = tuple[Tensor, ...]
Gates = dict[str, Tensor]
WIDE = 64  # rows; below, what compiled steps of an LSTM leave to be multiplied is too little for a call each


class Cell(nn.Module):
    """What all cells share: the empty state, one step, and a whole sequence in two ways."""

    state_tensors: int  # tensors in the state
    read_tensors: int  # of which a step reads the last so many; the others were made of them

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size

    def start(self, batch: int) -> CellState:
        """A state of zeros (batch, H)."""
        zero = next(self.parameters()).new_zeros(batch, self.hidden_size)
        return (zero,) * self.state_tensors

    @staticmethod
    def state_of(read: CellState) -> CellState:
        """What a step reads of a state, (B, H) tensors -> the whole state, as before the first position."""
        return read

    def step(self, inputs: Tensor, state: CellState) -> CellState:
        """inputs (B, input_size), state of (B, H) tensors -> the next state."""
        raise NotImplementedError

    def gates(self, inputs: Tensor, state: CellState) -> Gates:  # noqa: ARG002 - one face for all cells
        """How far each gate of a step is open, by name, (B, H) each, 0 is shut; {} for a cell without gates."""
        return {}

    def fused(self, inputs: Tensor, state: CellState) -> tuple[Tensor, CellState]:
        """The fused kernel over inputs (B, T, input_size)."""
        raise NotImplementedError

    def fused_to_lengths(self, inputs: Tensor, state: CellState, lengths: Tensor) -> tuple[Tensor, CellState]:
        """The same, with each row's state taken at its own end. Enough for cells whose state is their output."""
        outputs, _ = self.fused(inputs, state)
        rows = torch.arange(len(lengths), device=lengths.device)
        return outputs, (outputs[rows, lengths - 1],)

    def sequence(
        self, inputs: Tensor, state: CellState, lengths: Tensor | None = None
    ) -> tuple[Tensor, CellState]:
        """Run over all positions at once.

        inputs   (B, T, input_size)
        state    of (B, H) tensors, before the first position
        lengths  (B,), at least 1; None when every row is full. Outputs after a row's end mean nothing.
        Returns  outputs (B, T, H) and the state after each row's last position
        Raises   ShapeError
        """
        check_shape(inputs, "B T D", "inputs", D=self.input_size)
        for tensor in state:
            check_shape(tensor, "B H", "state", B=inputs.shape[0], H=self.hidden_size)
        if lengths is None:
            return self.fused(inputs, state)
        check_shape(lengths, "B", "lengths", B=inputs.shape[0])
        return self.fused_to_lengths(inputs, state, lengths.to(torch.int64))

    def forward(
        self, inputs: Tensor, state: CellState, lengths: Tensor | None = None
    ) -> tuple[Tensor, CellState]:
        """`sequence`, as PyTorch calls a module."""
        return self.sequence(inputs, state, lengths)

    def sequence_by_steps(
        self, inputs: Tensor, state: CellState, lengths: Tensor | None = None
    ) -> tuple[Tensor, CellState]:
        """The readable twin of `sequence`: the same result from `step` in a loop."""
        outputs = []
        for position, inputs_now in enumerate(inputs.unbind(1)):
            following = self.step(inputs_now, state)
            if lengths is not None:
                running = (position < lengths)[:, None]
                following = tuple(
                    torch.where(running, new, old) for new, old in zip(following, state, strict=True)
                )
            state = following
            outputs.append(state[0])
        return torch.stack(outputs, 1), state

    def extra_repr(self) -> str:
        return f"{self.input_size} -> {self.hidden_size}"


class StackedCell(Cell):
    """A cell of Elman's kind: W x + b + U h' + d for each gate, the gates stacked along the parameters' first axis."""

    stacked: int  # blocks in the parameters

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.input_weight = nn.Parameter(torch.empty(self.stacked * hidden_size, input_size))
        self.recurrent_weight = nn.Parameter(torch.empty(self.stacked * hidden_size, hidden_size))
        self.input_bias = nn.Parameter(torch.zeros(self.stacked * hidden_size))
        self.recurrent_bias = nn.Parameter(torch.zeros(self.stacked * hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights uniform within 1 / sqrt(H), as in PyTorch's own, biases of zero.

        On Multi30k this learned faster than Glorot-uniform and orthogonal weights.
        """
        limit = self.hidden_size**-0.5
        nn.init.uniform_(self.input_weight, -limit, limit)
        nn.init.uniform_(self.recurrent_weight, -limit, limit)

    def lay_out_for_search(self) -> None:
        """Lay the weights as steps of few rows multiply them fastest; the cell is trained no more."""
        self.input_weight, self.recurrent_weight = (
            in_columns(self.input_weight),
            in_columns(self.recurrent_weight),
        )

    def sequence(
        self, inputs: Tensor, state: CellState, lengths: Tensor | None = None
    ) -> tuple[Tensor, CellState]:
        """As every cell's; one position of few rows, as in a search, is a compiled step, and so is one of a loop."""
        if lengths is None and inputs.shape[1] == 1 and self.step_pays(inputs):
            state = self.compiled_step(inputs[:, 0], tuple(tensor.contiguous() for tensor in state))
            return state[0][:, None].to(compute_type(inputs)), state
        return super().sequence(inputs, state, lengths)

    def step_pays(self, inputs: Tensor) -> bool:
        """Whether a single position is a compiled step."""
        return few_rows_pay(inputs, len(inputs)) or (loop_around() is not None and fused_cells.pays(inputs))

    def compiled_step(self, inputs: Tensor, state: CellState) -> CellState:
        """A `step`, by whatever of it is compiled: the products for all."""
        return self.step(inputs, state)

    def products(self, inputs: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """inputs (B, I), hidden (B, H) -> W x + b, U h' + b', (B, gates * H) each."""
        return (
            linear(inputs, self.input_weight, self.input_bias),
            linear(hidden, self.recurrent_weight, self.recurrent_bias),
        )

    @property
    def parameters_in_order(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As the fused kernels take them."""
        return self.input_weight, self.recurrent_weight, self.input_bias, self.recurrent_bias


class ElmanCell(StackedCell):
    """h = tanh(W x + b + U h' + b').   Source: Elman 1990."""

    stacked = 1
    state_tensors = read_tensors = 1

    def reset_parameters(self) -> None:
        """Recurrent weights orthogonal, so that without gates nothing fades or grows at first (Saxe et al. 2014)."""
        super().reset_parameters()
        nn.init.orthogonal_(self.recurrent_weight)

    def step(self, inputs: Tensor, state: CellState) -> CellState:
        (hidden,) = state
        read, remembered = self.products(inputs, hidden)
        return (torch.tanh(read + remembered),)

    def fused(self, inputs: Tensor, state: CellState) -> tuple[Tensor, CellState]:
        outputs, last = torch.rnn_tanh(
            inputs, state[0][None], self.parameters_in_order, True, 1, 0.0, self.training, False, True
        )
        return outputs, (last[0],)


class ReLUCell(ElmanCell):
    """h = relu(W x + b + U h' + b').   Source: Le et al. 2015, whose recurrent weights start as the identity."""

    def reset_parameters(self) -> None:
        """Recurrent weights the identity: at first everything is kept."""
        super().reset_parameters()
        nn.init.eye_(self.recurrent_weight)

    def step(self, inputs: Tensor, state: CellState) -> CellState:
        (hidden,) = state
        read, remembered = self.products(inputs, hidden)
        return (torch.relu(read + remembered),)

    def fused(self, inputs: Tensor, state: CellState) -> tuple[Tensor, CellState]:
        outputs, last = torch.rnn_relu(
            inputs, state[0][None], self.parameters_in_order, True, 1, 0.0, self.training, False, True
        )
        return outputs, (last[0],)


class LSTMCell(StackedCell):
    """Gates stacked as input, forget, candidate, output.

        i, f, o = sigmoid(W x + U h' + b)      candidate = tanh(W x + U h' + b)
        c = f * c' + i * candidate             h = o * tanh(c)

    Source: Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000, whose bias starts at one
    (Jozefowicz et al. 2015). No peepholes.
    """

    stacked = 4
    state_tensors = read_tensors = 2

    def reset_parameters(self) -> None:
        super().reset_parameters()
        self.input_bias.data[self.hidden_size : 2 * self.hidden_size] = 1.0

    def step(self, inputs: Tensor, state: CellState) -> CellState:
        gates, candidate = self.gates_and_candidate(inputs, state)
        cell = gates["forget"] * state[1] + gates["input"] * candidate
        return gates["output"] * cell.tanh(), cell

    def gates_and_candidate(self, inputs: Tensor, state: CellState) -> tuple[Gates, Tensor]:
        """What a step weighs, and what it may write, (B, H)."""
        read, remembered = self.products(inputs, state[0])
        input_gate, forget_gate, candidate, output_gate = (read + remembered).chunk(4, dim=-1)
        gates = {"input": input_gate, "forget": forget_gate, "output": output_gate}
        return {name: gate.sigmoid() for name, gate in gates.items()}, candidate.tanh()

    def gates(self, inputs: Tensor, state: CellState) -> Gates:
        return self.gates_and_candidate(inputs, state)[0]

    def compiled_step(self, inputs: Tensor, state: CellState) -> CellState:
        hidden, cell = fused_cells.LSTMStep.apply(*self.products(inputs, state[0]), *state)
        return hidden, cell

    def fused(self, inputs: Tensor, state: CellState) -> tuple[Tensor, CellState]:
        """Compiled steps in training of WIDE rows or more: they take as long as PyTorch's and hold less memory."""
        if torch.is_grad_enabled() and len(inputs) >= WIDE and fused_cells.pays(inputs):
            outputs, *last = fused_cells.FusedLSTM.apply(inputs, *state, *self.parameters_in_order, None)
            return outputs, tuple(last)
        hidden, cell = state
        outputs, last_hidden, last_cell = torch.lstm(
            inputs,
            (hidden[None], cell[None]),
            self.parameters_in_order,
            True,
            1,
            0.0,
            self.training,
            False,
            True,
        )
        return outputs, (last_hidden[0], last_cell[0])

    def fused_to_lengths(self, inputs: Tensor, state: CellState, lengths: Tensor) -> tuple[Tensor, CellState]:
        """Packed, because c at a row's own end is not among the outputs; compiled steps stop there by themselves.

        Packing wants the lengths on the host, for which a GPU waits.
        """
        if fused_cells.pays(inputs):
            outputs, *last = fused_cells.FusedLSTM.apply(inputs, *state, *self.parameters_in_order, lengths)
            return outputs, tuple(last)
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        start = tuple(tensor[None, packed.sorted_indices] for tensor in state)
        data, last_hidden, last_cell = torch.lstm(
            packed.data,
            packed.batch_sizes,
            start,
            self.parameters_in_order,
            True,
            1,
            0.0,
            self.training,
            False,
        )
        outputs, _ = pad_packed_sequence(
            PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices),
            batch_first=True,
            total_length=inputs.shape[1],
        )
        return outputs, (last_hidden[0, packed.unsorted_indices], last_cell[0, packed.unsorted_indices])


class GRUCell(StackedCell):
    """Gates stacked as reset, update, candidate.

        r, z = sigmoid(W x + U h' + b)
        n = tanh(W x + b + r * (U h' + b'))
        h = (1 - z) * n + z * h'

    Source: Cho et al. 2014, with the reset gate applied after the recurrent product (the form of the fused kernels)
    and z as the share that is kept, as in Chung et al. 2014's implementation.
    """

    stacked = 3
    state_tensors = read_tensors = 1

    def step(self, inputs: Tensor, state: CellState) -> CellState:
        gates, candidate = self.gates_and_candidate(inputs, state)
        return ((1 - gates["update"]) * candidate + gates["update"] * state[0],)

    def gates_and_candidate(self, inputs: Tensor, state: CellState) -> tuple[Gates, Tensor]:
        """What a step weighs, and what it may write, (B, H)."""
        read, remembered = self.products(inputs, state[0])
        read_reset, read_update, read_candidate = read.chunk(3, dim=-1)
        kept_reset, kept_update, kept_candidate = remembered.chunk(3, dim=-1)
        reset_gate = torch.sigmoid(read_reset + kept_reset)
        update_gate = torch.sigmoid(read_update + kept_update)
        candidate = torch.tanh(read_candidate + reset_gate * kept_candidate)
        return {"reset": reset_gate, "update": update_gate}, candidate

    def gates(self, inputs: Tensor, state: CellState) -> Gates:
        return self.gates_and_candidate(inputs, state)[0]

    def compiled_step(self, inputs: Tensor, state: CellState) -> CellState:
        return (fused_cells.GRUStep.apply(*self.products(inputs, state[0]), *state),)

    def fused(self, inputs: Tensor, state: CellState) -> tuple[Tensor, CellState]:
        if fused_cells.pays(inputs):
            outputs, last = fused_cells.FusedGRU.apply(inputs, *state, *self.parameters_in_order, None)
            return outputs, (last,)
        outputs, last = torch.gru(
            inputs, state[0][None], self.parameters_in_order, True, 1, 0.0, self.training, False, True
        )
        return outputs, (last[0],)
