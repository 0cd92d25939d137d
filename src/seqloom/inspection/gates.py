"""What the gates of recurrent layers did over a sentence: how far each was open at each symbol, and what was kept.

The network runs as it always does; what each stack of cells was given is noted on the way in, and its cells then go
over it again step by step, by the readable equations, with their gates told.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.moments import Timeline
from seqloom.layers.cells import Cell, CellState
from seqloom.layers.recurrent import RecurrentLayer, RecurrentStack, reversing_index, take_positions
from seqloom.layers.transformer import LookingBack

FORMAT, VERSION = "seqloom-gates", 1
SHUT, OPEN = 0.1, 0.9  # beyond which a gate is saturated (Karpathy et al. 2016, section 4.2)
STATE = "state"
Values = NDArray[np.float64]


class Saturation(NamedTuple):
    """The shares of a gate's values, over all units and symbols, that lie below SHUT and above OPEN."""

    shut: float
    open: float


@dataclass(frozen=True, eq=False)
class GateTrace:
    """One layer of cells over one sentence.

    label    which layer, in which direction
    seconds  from one symbol to the next where they are moments of a recording, else None
    symbols  T printable symbols that it read, in the order of the text
    gates    by name, (T, H) each, from 0, shut, to 1, open
    state    (T, H), what the cells keep after each symbol: an LSTM's memory c, a GRU's h
    """

    label: str
    symbols: tuple[str, ...]
    gates: dict[str, Values]
    state: Values
    seconds: float | None = None

    def saturation(self) -> dict[str, Saturation]:
        """Of each gate."""
        return {
            name: Saturation(float((values < SHUT).mean()), float((values > OPEN).mean()))
            for name, values in self.gates.items()
        }

    def _repr_html_(self) -> str:
        """The page of this layer, in a notebook."""
        from seqloom.inspection.gates_page import gates_page
        from seqloom.inspection.notebook import framed

        return framed(gates_page([self]))

    def to_record(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "label": self.label,
            "symbols": list(self.symbols),
            **({} if self.seconds is None else {"seconds": self.seconds}),
            "gates": {name: values.tolist() for name, values in self.gates.items()},
            STATE: self.state.tolist(),
            "saturation": {name: found._asdict() for name, found in self.saturation().items()},
        }


def write_traces(traces: Sequence[GateTrace], path: Path) -> None:
    """Write them as JSON, atomically."""
    make_folder(path.parent)
    content = {"format": FORMAT, "version": VERSION, "layers": [trace.to_record() for trace in traces]}
    atomic_write(path, json.dumps(content, ensure_ascii=False) + "\n")


class _Call(NamedTuple):
    """What a layer or a stack was called with."""

    inputs: Tensor
    rest: tuple[Any, ...]


@contextmanager
def _noted(network: nn.Module) -> Iterator[dict[nn.Module, list[_Call]]]:
    """The calls of all recurrent parts while this lasts, in the order of the network's modules."""
    calls: dict[nn.Module, list[_Call]] = {part: [] for part in _recurrent_parts(network)}

    def note(part: nn.Module, arguments: tuple[Any, ...]) -> None:
        calls[part].append(_Call(arguments[0], arguments[1:]))

    hooks = [part.register_forward_pre_hook(note) for part in calls]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def _recurrent_parts(network: nn.Module) -> Iterator[nn.Module]:
    """Layers, stacks, and the cells that stand for self-attention in a Transformer's layers."""
    for part in network.modules():
        if isinstance(part, RecurrentLayer | RecurrentStack):
            yield part
        elif isinstance(part, LookingBack) and part.recurrence is not None:
            yield part.recurrence


@torch.no_grad()
def trace_gates(
    network: nn.Module, run: Any, read: Sequence[str] | Timeline, written: Sequence[str]
) -> list[GateTrace]:
    """The layers of a network in the order in which they work, encoder first; [] where none is recurrent.

    run      called without arguments, lets the network, in evaluation, read one sentence (B = 1)
    read     the symbols that its encoder reads, or the recording
    written  those that its decoder reads: the begin of the sentence and all but the end
    """
    with _noted(network) as calls:
        run()
    traces: list[GateTrace] = []
    below = above = 0
    for part, noted in calls.items():
        if isinstance(part, RecurrentLayer):
            below += 1
            traces += _trace_encoder(part, noted[0], read, below)
        elif isinstance(part, RecurrentStack):
            for index in range(len(part.cells)):
                above += 1
                traces.append(_trace_stack(part, index, noted, written, above))
        elif isinstance(part, Cell):
            above += 1
            steps = [step for call in noted for step in _steps(part, call.inputs, call.rest[0])[0]]
            traces.append(_trace(f"decoder, layer {above}", written, steps))
    return traces


def joined(pieces: Sequence[tuple[int, Sequence[GateTrace]]]) -> list[GateTrace]:
    """The traces of a text that was read in pieces as one each.

    pieces   for each how many of its first symbols the piece before had too, and its traces
    """
    found = []
    for layers in zip(*(traces for _, traces in pieces), strict=True):
        kept = [(layer, slice(before, None)) for layer, (before, _) in zip(layers, pieces, strict=True)]
        found.append(
            GateTrace(
                layers[0].label,
                tuple(symbol for layer, new in kept for symbol in layer.symbols[new]),
                {
                    name: np.concatenate([layer.gates[name][new] for layer, new in kept])
                    for name in layers[0].gates
                },
                np.concatenate([layer.state[new] for layer, new in kept]),
            )
        )
    return found


def _trace_encoder(
    part: RecurrentLayer, call: _Call, read: Sequence[str] | Timeline, number: int
) -> list[GateTrace]:
    (lengths,) = call.rest
    positions = call.inputs.shape[1]
    seconds = read.step(positions) if isinstance(read, Timeline) else None
    symbols = read.names(positions) if isinstance(read, Timeline) else read
    cell, backward = part.forward_cell, part.backward_cell
    label = f"encoder, layer {number}"
    forwards, _ = _steps(cell, call.inputs, cell.start(1))
    if backward is None:
        return [_trace(label, symbols, forwards, seconds)]
    index = reversing_index(lengths, positions)
    reversed_steps, _ = _steps(backward, take_positions(call.inputs, index), backward.start(1))
    return [
        _trace(f"{label}, forwards", symbols, forwards, seconds),
        _trace(f"{label}, backwards", symbols, reversed_steps[::-1], seconds),
    ]


def _trace_stack(
    stack: RecurrentStack, index: int, calls: Sequence[_Call], written: Sequence[str], number: int
) -> GateTrace:
    """One layer of a stack, over all of its calls one after the other."""
    steps: list[_Step] = []
    for call in calls:
        states = call.rest[0]
        inputs = call.inputs
        for below in range(index):
            outputs, _ = stack.cells[below].sequence(inputs, states[below])
            inputs = inputs + outputs if stack.residual and below > 0 else outputs
        made, _ = _steps(stack.cells[index], inputs, states[index])
        steps += made
    return _trace(f"decoder, layer {number}", written, steps)


class _Step(NamedTuple):
    gates: dict[str, Tensor]
    state: Tensor


def _steps(cell: Cell, inputs: Tensor, state: CellState) -> tuple[list[_Step], CellState]:
    """inputs (1, T, D), state before -> each step's gates and state, the state after."""
    steps = []
    for now in inputs.unbind(1):
        gates = cell.gates(now, state)
        state = cell.step(now, state)
        steps.append(_Step({name: gate[0] for name, gate in gates.items()}, state[-1][0]))
    return steps, state


def _trace(
    label: str, symbols: Sequence[str], steps: Sequence[_Step], seconds: float | None = None
) -> GateTrace:
    def stacked(tensors: Sequence[Tensor]) -> Values:
        return torch.stack(list(tensors)).double().cpu().numpy()

    gates = {name: stacked([step.gates[name] for step in steps]) for name in steps[0].gates}
    return GateTrace(label, tuple(symbols), gates, stacked([step.state for step in steps]), seconds)
