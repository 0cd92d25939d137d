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
from seqloom.layers.cells import Cell, CellState
from seqloom.layers.recurrent import RecurrentLayer, RecurrentStack, reversing_index, take_positions

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
    symbols  T printable symbols that it read, in the order of the text
    gates    by name, (T, H) each, from 0, shut, to 1, open
    state    (T, H), what the cells keep after each symbol: an LSTM's memory c, a GRU's h
    """

    label: str
    symbols: tuple[str, ...]
    gates: dict[str, Values]
    state: Values

    def saturation(self) -> dict[str, Saturation]:
        """Of each gate."""
        return {
            name: Saturation(float((values < SHUT).mean()), float((values > OPEN).mean()))
            for name, values in self.gates.items()
        }

    def to_record(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "label": self.label,
            "symbols": list(self.symbols),
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
    parts = [part for part in network.modules() if isinstance(part, RecurrentLayer | RecurrentStack)]
    calls: dict[nn.Module, list[_Call]] = {part: [] for part in parts}

    def note(part: nn.Module, arguments: tuple[Any, ...]) -> None:
        calls[part].append(_Call(arguments[0], arguments[1:]))

    hooks = [part.register_forward_pre_hook(note) for part in parts]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def trace_gates(network: nn.Module, run: Any, read: Sequence[str], written: Sequence[str]) -> list[GateTrace]:
    """The layers of a network in the order in which they work, encoder first; [] where none is recurrent.

    run      called without arguments, lets the network, in evaluation, read one sentence (B = 1)
    read     the symbols that its encoder reads
    written  those that its decoder reads: the begin of the sentence and all but the end
    """
    with _noted(network) as calls:
        run()
    traces: list[GateTrace] = []
    layer = {RecurrentLayer: 0, RecurrentStack: 0}  # counted from 1
    for part, noted in calls.items():
        if isinstance(part, RecurrentLayer):
            layer[RecurrentLayer] += 1
            traces += _trace_encoder(part, noted[0], read, layer[RecurrentLayer])
        elif isinstance(part, RecurrentStack):
            for index in range(len(part.cells)):
                layer[RecurrentStack] += 1
                traces.append(_trace_stack(part, index, noted, written, layer[RecurrentStack]))
    return traces


def _trace_encoder(part: RecurrentLayer, call: _Call, read: Sequence[str], number: int) -> list[GateTrace]:
    (lengths,) = call.rest
    cell, backward = part.forward_cell, part.backward_cell
    label = f"encoder, layer {number}"
    forwards, _ = _steps(cell, call.inputs, cell.start(1))
    if backward is None:
        return [_trace(label, read, forwards)]
    index = reversing_index(lengths, call.inputs.shape[1])
    reversed_steps, _ = _steps(backward, take_positions(call.inputs, index), backward.start(1))
    return [
        _trace(f"{label}, forwards", read, forwards),
        _trace(f"{label}, backwards", read, reversed_steps[::-1]),
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


def _trace(label: str, symbols: Sequence[str], steps: Sequence[_Step]) -> GateTrace:
    def stacked(tensors: Sequence[Tensor]) -> Values:
        return torch.stack(list(tensors)).double().cpu().numpy()

    gates = {name: stacked([step.gates[name] for step in steps]) for name in steps[0].gates}
    return GateTrace(label, tuple(symbols), gates, stacked([step.state for step in steps]))
