"""The gates that are shown are those that the network went through."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import kinds
from agreement import randomise
from seqloom.inspection.gates import GateTrace, Saturation, trace_gates, write_traces
from seqloom.layers.family import CELLS
from seqloom.layers.recurrent import RecurrentLayer, RecurrentStack

READ = ("a", "b", "c", "</s>")
WRITTEN = ("<s>", "x", "y")


class Network(torch.nn.Module):
    """An encoder layer in two directions under a stack of two layers."""

    def __init__(self, cell: str, *, residual: bool = False) -> None:
        super().__init__()
        self.encoder = RecurrentLayer(cell, 3, 4, bidirectional=True)
        self.decoder = RecurrentStack(cell, 2, 4, 3, 0.5, residual=residual)
        randomise(self)

    def forward(self, source: torch.Tensor, target: torch.Tensor, *, apart: bool) -> torch.Tensor:
        _, final = self.encoder(source, torch.tensor([source.shape[1]]))
        state = tuple(tuple(tensor[:, :4] for tensor in final) for _ in range(3))
        if not apart:
            return self.decoder(target, state)[0]
        outputs = []
        for now in target.split(1, dim=1):
            output, state = self.decoder(now, state)
            outputs.append(output)
        return torch.cat(outputs, 1)


def given(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("residual", [False, True])
def test_states_are_those_of_the_layers_that_ran(cell: str, residual: bool) -> None:
    network = Network(cell, residual=residual)
    source, target = given(1, 1, 4, 3), given(2, 1, 3, 2)
    outputs: list[torch.Tensor] = []

    def run() -> None:
        outputs.append(network(source, target, apart=False))

    traces = trace_gates(network, run, READ, WRITTEN)
    assert [trace.label for trace in traces] == [
        "encoder, layer 1, forwards",
        "encoder, layer 1, backwards",
        *(f"decoder, layer {n}" for n in (1, 2, 3)),
    ]
    assert [trace.symbols for trace in traces] == [READ] * 2 + [WRITTEN] * 3
    _, final = network.encoder(source, torch.tensor([4]))
    memory = final[-1][0].detach().numpy()
    np.testing.assert_allclose(traces[0].state[-1], memory[:4], atol=1e-12)
    np.testing.assert_allclose(
        traces[1].state[0], memory[4:], atol=1e-12
    )  # backwards ends at the first symbol
    if CELLS[cell].state_tensors == 1:
        layers = sum(trace.state for trace in traces[2:]) if residual else traces[-1].state
        np.testing.assert_allclose(layers, outputs[0][0].detach().numpy(), atol=1e-12)
    for trace in traces:
        assert all(values.shape == trace.state.shape for values in trace.gates.values())
        assert set(trace.gates) == set(
            network.encoder.forward_cell.gates(source[:, 0], network.encoder.forward_cell.start(1))
        )


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman"])
def test_a_decoder_that_loops_over_positions_is_traced_as_one_that_doesn_t(cell: str) -> None:
    network = Network(cell)
    source, target = given(1, 1, 4, 3), given(2, 1, 3, 2)
    together, apart = (
        trace_gates(network, lambda apart=apart: network(source, target, apart=apart), READ, WRITTEN)
        for apart in (False, True)
    )
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.state, other.state, atol=1e-12)
        for name, values in one.gates.items():
            np.testing.assert_allclose(values, other.gates[name], atol=1e-12)


def test_nothing_stays_on_the_network() -> None:
    network = Network("gru")
    with pytest.raises(ZeroDivisionError):
        trace_gates(network, lambda: 1 / 0, READ, WRITTEN)
    assert all(not part._forward_pre_hooks for part in network.modules())


def test_a_network_without_recurrence_has_no_gates() -> None:
    model = kinds.model_of("transformer-pre-sinusoidal", "transformer-pre-sinusoidal")
    assert trace_gates(model, lambda: None, READ, WRITTEN) == []


def test_saturation_counts_both_ends() -> None:
    values = np.array([[0.05, 0.5, 0.95], [0.0, 0.95, 1.0]])
    trace = GateTrace("", ("a", "b"), {"forget": values}, np.zeros((2, 3)))
    assert trace.saturation() == {"forget": Saturation(shut=2 / 6, open=3 / 6)}


def test_traces_are_written_as_json(tmp_path: Path) -> None:
    values = np.array([[0.25, 0.5]])
    write_traces([GateTrace("layer", ("é",), {"update": values}, -values)], tmp_path / "new" / "gates.json")
    assert json.loads((tmp_path / "new" / "gates.json").read_text(encoding="utf-8")) == {
        "format": "seqloom-gates",
        "version": 1,
        "layers": [
            {
                "label": "layer",
                "symbols": ["é"],
                "gates": {"update": [[0.25, 0.5]]},
                "state": [[-0.25, -0.5]],
                "saturation": {"update": {"shut": 0.0, "open": 0.0}},
            }
        ],
    }
