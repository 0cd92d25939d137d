"""Cells that look at the state in a way no fused kernel knows: the input's products at once, then a loop over time."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqloom.layers.cells import Cell, CellState, Gates, StackedCell

HIGHWAY_SCALE = 3**0.5  # alpha of an SRU whose gate biases start at 0


class LoopedCell(Cell):
    """What they share: `read` takes all positions together, `advance` one at a time."""

    def read(self, inputs: Tensor) -> Tensor:
        """inputs (..., input_size) -> what a step needs of them (..., R)."""
        raise NotImplementedError

    def advance(self, read: Tensor, state: CellState) -> CellState:
        """read (B, R), state of (B, H) tensors -> the next state."""
        raise NotImplementedError

    def gates_after(self, read: Tensor, state: CellState) -> Gates:
        """read (B, R), state -> how far each gate is open, (B, H) each."""
        raise NotImplementedError

    def step(self, inputs: Tensor, state: CellState) -> CellState:
        return self.advance(self.read(inputs), state)

    def gates(self, inputs: Tensor, state: CellState) -> Gates:
        return self.gates_after(self.read(inputs), state)

    def fused(self, inputs: Tensor, state: CellState) -> tuple[Tensor, CellState]:
        outputs = []
        for read in self.read(inputs).unbind(1):
            state = self.advance(read, state)
            outputs.append(state[0])
        return torch.stack(outputs, 1), state

    def fused_to_lengths(self, inputs: Tensor, state: CellState, lengths: Tensor) -> tuple[Tensor, CellState]:
        states = []
        for read in self.read(inputs).unbind(1):
            state = self.advance(read, state)
            states.append(state)
        rows = torch.arange(len(lengths), device=lengths.device)
        tensors = [torch.stack(tensor, 1) for tensor in zip(*states, strict=True)]
        return tensors[0], tuple(tensor[rows, lengths - 1] for tensor in tensors)


class ResetBeforeGRUCell(LoopedCell, StackedCell):
    """The GRU as published: the reset gate comes before the recurrent product.

        r, z = sigmoid(W x + b + U h' + d)
        n = tanh(W x + b + U (r * h') + d)
        h = (1 - z) * n + z * h'

    Source: Cho et al. 2014, equations 5 to 8 (z is the share that is kept). Gates stacked as reset, update, candidate.
    """

    stacked = 3
    state_tensors = read_tensors = 1

    def read(self, inputs: Tensor) -> Tensor:
        """inputs (..., input_size) -> (..., 3 H)."""
        return functional.linear(inputs, self.input_weight, self.input_bias + self.recurrent_bias)

    def gates_after(self, read: Tensor, state: CellState) -> Gates:
        size = 2 * self.hidden_size
        products = read[:, :size] + state[0] @ self.recurrent_weight[:size].T
        reset_gate, update_gate = products.sigmoid().chunk(2, dim=-1)
        return {"reset": reset_gate, "update": update_gate}

    def advance(self, read: Tensor, state: CellState) -> CellState:
        (hidden,) = state
        size = 2 * self.hidden_size
        reset_gate, update_gate = self.gates_after(read, state).values()
        candidate = torch.tanh(read[:, size:] + (reset_gate * hidden) @ self.recurrent_weight[size:].T)
        return ((1 - update_gate) * candidate + update_gate * hidden,)


class LayerNormLSTMCell(LoopedCell, StackedCell):
    """The LSTM with its products and its memory normalised.

        i, f, o = sigmoid(gates)    candidate = tanh(gates)    gates = norm(W x) + norm(U h') + b + d
        c = f * c' + i * candidate                             h = o * tanh(norm(c))

    Source: Ba et al. 2016, equations 20 to 22; each norm over all the gates together. Gates stacked as input, forget,
    candidate, output; the forget bias starts at one.
    """

    stacked = 4
    state_tensors = read_tensors = 2

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.input_norm = nn.LayerNorm(4 * hidden_size, bias=False)
        self.recurrent_norm = nn.LayerNorm(4 * hidden_size, bias=False)
        self.memory_norm = nn.LayerNorm(hidden_size)

    def reset_parameters(self) -> None:
        super().reset_parameters()
        self.input_bias.data[self.hidden_size : 2 * self.hidden_size] = 1.0

    def read(self, inputs: Tensor) -> Tensor:
        """inputs (..., input_size) -> (..., 4 H)."""
        normed: Tensor = self.input_norm(inputs @ self.input_weight.T)
        return normed + (self.input_bias + self.recurrent_bias)

    def gates_and_candidate(self, read: Tensor, state: CellState) -> tuple[Gates, Tensor]:
        """What a step weighs, and what it may write, (B, H)."""
        products = read + self.recurrent_norm(state[0] @ self.recurrent_weight.T)
        input_gate, forget_gate, candidate, output_gate = products.chunk(4, dim=-1)
        gates = {"input": input_gate, "forget": forget_gate, "output": output_gate}
        return {name: gate.sigmoid() for name, gate in gates.items()}, candidate.tanh()

    def gates_after(self, read: Tensor, state: CellState) -> Gates:
        return self.gates_and_candidate(read, state)[0]

    def advance(self, read: Tensor, state: CellState) -> CellState:
        gates, candidate = self.gates_and_candidate(read, state)
        memory = gates["forget"] * state[1] + gates["input"] * candidate
        return gates["output"] * self.memory_norm(memory).tanh(), memory


class SRUCell(LoopedCell):
    """The simple recurrent unit: its gates see the memory before, element by element, and no product waits for it.

        f = sigmoid(W x + v * c' + b)      c = f * c' + (1 - f) * W x
        r = sigmoid(W x + v * c' + b)      h = r * c + (1 - r) * alpha * x

    Source: Lei et al. 2018 (Simple Recurrent Units for Highly Parallelizable Recurrence), equations 1 to 4, with the
    scaling correction of section 3.2, alpha = sqrt(1 + 2 exp(b)) for the b at which the reset gate starts, here 0; so
    h varies about as x does, however many layers there are. Where x isn't as wide as h, the highway carries W x,
    whose W starts alpha times as large instead. Stacked as candidate, forget, reset and, if need be, highway.
    """

    state_tensors, read_tensors = 2, 1

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.stacked = 3 if input_size == hidden_size else 4
        self.input_weight = nn.Parameter(torch.empty(self.stacked * hidden_size, input_size))
        self.view_weight = nn.Parameter(torch.empty(2 * hidden_size))
        self.gate_bias = nn.Parameter(torch.zeros(2 * hidden_size))
        limit = (3 / input_size) ** 0.5  # section 3.2: so that W x varies as x does
        nn.init.uniform_(self.input_weight, -limit, limit)
        nn.init.uniform_(self.view_weight, -((3 / hidden_size) ** 0.5), (3 / hidden_size) ** 0.5)
        self.input_weight.data[3 * hidden_size :] *= HIGHWAY_SCALE

    def read(self, inputs: Tensor) -> Tensor:
        """inputs (..., input_size) -> candidate, both gates, highway (..., 4 H)."""
        products = inputs @ self.input_weight.T
        return products if self.stacked == 4 else torch.cat([products, HIGHWAY_SCALE * inputs], dim=-1)

    def gates_after(self, read: Tensor, state: CellState) -> Gates:
        _, *products, _ = read.chunk(4, dim=-1)
        views, biases = self.view_weight.chunk(2), self.gate_bias.chunk(2)
        forget_gate, reset_gate = (
            torch.sigmoid(product + view * state[1] + bias)
            for product, view, bias in zip(products, views, biases, strict=True)
        )
        return {"forget": forget_gate, "reset": reset_gate}

    def advance(self, read: Tensor, state: CellState) -> CellState:
        memory = state[1]
        forget_gate, reset_gate = self.gates_after(read, state).values()
        candidate, *_, highway = read.chunk(4, dim=-1)
        following = forget_gate * memory + (1 - forget_gate) * candidate
        return reset_gate * following + (1 - reset_gate) * highway, following

    @staticmethod
    def state_of(read: CellState) -> CellState:
        """c -> (h, c), with the reset gate open: there is no input yet for the highway to carry."""
        (memory,) = read
        return memory, memory
