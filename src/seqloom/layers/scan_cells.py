"""Cells whose gates don't see the state before: over a sequence they are one product and one scan.

What they give up in each step they get back in speed, and in layers for the same time. The state is the output where
they are the same, (h,), else (h, c).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqloom.layers.cells import Cell, CellState, Gates
from seqloom.layers.scan import scan


class ScanCell(Cell):
    """What they share: one product for all gates, the recurrence c = decay * c' + added, an output made of c."""

    stacked: int  # blocks of rows in the weights
    biases: int  # of which the first so many have a bias

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.input_weight = nn.Parameter(torch.empty(self.stacked * hidden_size, input_size))
        self.input_bias = nn.Parameter(torch.zeros(self.biases * hidden_size))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot-uniform weights, a block a gate; biases of zero."""
        for block in self.input_weight.data.chunk(self.stacked):
            nn.init.xavier_uniform_(block)

    def recurrence(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """inputs (..., input_size) -> decay, added (..., H)."""
        raise NotImplementedError

    def output(self, memory: Tensor) -> Tensor:
        """memory (..., H) -> what is passed on."""
        return memory

    def _state(self, memory: Tensor) -> CellState:
        return (memory,) if self.state_tensors == 1 else (self.output(memory), memory)

    def step(self, inputs: Tensor, state: CellState) -> CellState:
        decay, added = self.recurrence(inputs)
        return self._state(decay * state[-1] + added)

    def fused(self, inputs: Tensor, state: CellState) -> tuple[Tensor, CellState]:
        memory = self._memory(inputs, state)
        return self.output(memory), self._state(memory[:, -1])

    def fused_to_lengths(self, inputs: Tensor, state: CellState, lengths: Tensor) -> tuple[Tensor, CellState]:
        memory = self._memory(inputs, state)
        rows = torch.arange(len(lengths), device=lengths.device)
        return self.output(memory), self._state(memory[rows, lengths - 1])

    def _memory(self, inputs: Tensor, state: CellState) -> Tensor:
        decay, added = self.recurrence(inputs)
        return scan(decay, added, state[-1])

    def blocks(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """inputs (..., input_size) -> W x + b of each gate (..., H), in the precision of the sums that follow."""
        unbiased = self.input_weight.new_zeros(len(self.input_weight) - len(self.input_bias))
        products = functional.linear(inputs, self.input_weight, torch.cat([self.input_bias, unbiased]))
        return products.to(self.input_weight.dtype).chunk(self.stacked, dim=-1)


class MinGRUCell(ScanCell):
    """The GRU without its view of the state.

        z = sigmoid(W x + b)      candidate = W x + b
        h = (1 - z) * h' + z * candidate

    Source: Feng et al. 2024 (Were RNNs All We Needed?), section 3.1. Gates stacked as update, candidate.
    """

    stacked = biases = 2
    state_tensors = read_tensors = 1

    def recurrence(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        update, candidate = self.blocks(inputs)
        update = update.sigmoid()
        return 1 - update, update * candidate

    def gates(self, inputs: Tensor, state: CellState) -> Gates:  # noqa: ARG002 - it isn't looked at
        return {"update": 1 - self.recurrence(inputs)[0]}


class MinLSTMCell(ScanCell):
    """The LSTM without its view of the state, and with gates that add up to one.

        f, i = sigmoid(W x + b)      candidate = W x + b
        h = f / (f + i) * h' + i / (f + i) * candidate

    Source: Feng et al. 2024, section 3.2. Gates stacked as forget, input, candidate; the forget bias starts at one.
    f / (f + i) is computed as sigmoid(log f - log i), which doesn't divide by zero.
    """

    stacked = biases = 3
    state_tensors = read_tensors = 1

    def reset_parameters(self) -> None:
        super().reset_parameters()
        self.input_bias.data[: self.hidden_size] = 1.0

    def recurrence(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        forget, read, candidate = self.blocks(inputs)
        odds = functional.logsigmoid(forget) - functional.logsigmoid(read)
        return odds.sigmoid(), (-odds).sigmoid() * candidate

    def gates(self, inputs: Tensor, state: CellState) -> Gates:  # noqa: ARG002 - it isn't looked at
        """The two shares, which add up to one."""
        forget = self.recurrence(inputs)[0]
        return {"forget": forget, "input": 1 - forget}


class SSRUCell(ScanCell):
    """The simpler simple recurrent unit, the decoder of the fastest translators that were shipped.

        f = sigmoid(W x + b)
        c = f * c' + (1 - f) * W x      h = relu(c)

    Source: Kim et al. 2019 (From Research to Production and Back), section 3.2. Stacked as forget, candidate.
    """

    stacked, biases = 2, 1
    state_tensors, read_tensors = 2, 1

    def recurrence(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        forget, candidate = self.blocks(inputs)
        forget = forget.sigmoid()
        return forget, (1 - forget) * candidate

    def gates(self, inputs: Tensor, state: CellState) -> Gates:  # noqa: ARG002 - it isn't looked at
        return {"forget": self.recurrence(inputs)[0]}

    def output(self, memory: Tensor) -> Tensor:
        return memory.relu()

    @staticmethod
    def state_of(read: CellState) -> CellState:
        """c -> (h, c), with h its output."""
        (memory,) = read
        return memory.relu(), memory
