"""Bridges: the state in which a recurrent decoder starts."""

import numpy as np
import pytest
import torch

import equations
from agreement import arrays, assert_close, assert_gradients, random_tensor, randomise
from kinds import batch, model_of
from seqloom.layers.cells import LSTMCell
from seqloom.layers.family import CELLS
from seqloom.models.bridge import CopyBridge, ProjectionBridge, ZeroBridge
from seqloom.models.state import Memory

VISIBLE = torch.ones(2, 3, dtype=torch.bool)


def memory(*, final: bool = False) -> Memory:
    states = tuple(
        (random_tensor(2, 4, seed=layer), random_tensor(2, 4, seed=layer + 5)) for layer in range(2)
    )
    values, summary = random_tensor(2, 3, 4, seed=20), random_tensor(2, 4, seed=21)
    return Memory(values, VISIBLE, summary, states if final else None)


def test_a_projection_is_the_paper_s() -> None:
    bridge = randomise(ProjectionBridge(4, 3, layers=2, cell=LSTMCell))
    read = memory()
    state = bridge(read)
    assert [len(layer) for layer in state] == [2, 2]
    for row, layer, number in np.ndindex(2, 2, 2):
        weights = equations.part(arrays(bridge), f"projections.{2 * layer + number}")
        expected = np.tanh(equations.linear(weights, read.summary[row].detach().numpy()))
        np.testing.assert_allclose(state[layer][number][row].detach().numpy(), expected, rtol=0, atol=1e-14)
    assert_gradients(lambda: bridge(read), [read.summary, *bridge.parameters()])


@pytest.mark.parametrize("cell", ["sru", "ssru"])
def test_a_memory_is_projected_alone_where_it_alone_is_read(cell: str) -> None:
    bridge = randomise(ProjectionBridge(4, 3, layers=2, cell=CELLS[cell]))
    assert len(bridge.projections) == 2
    read = memory()
    for layer, projection in zip(bridge(read), bridge.projections, strict=True):
        starting = projection(read.summary).tanh()
        assert_close(layer, (starting.relu() if cell == "ssru" else starting, starting), 0.0)


def test_a_copy_is_what_the_encoder_ended_in() -> None:
    read = memory(final=True)
    assert CopyBridge()(read) is read.final


def test_a_copy_needs_a_recurrent_encoder() -> None:
    with pytest.raises(
        ValueError, match=r"^a copying bridge needs a recurrent encoder; use the projection bridge\.$"
    ):
        CopyBridge()(memory())


def test_zero_is_zeros_of_the_memory_s_type() -> None:
    state = ZeroBridge(3, layers=2, cell=LSTMCell)(memory())
    assert_close(state, [torch.zeros(2, 3, dtype=torch.float64)] * 4)
    assert [len(layer) for layer in state] == [2, 2]


@pytest.mark.parametrize("cell", ["elman", "lstm", "gru"])
def test_a_configured_copy_starts_each_layer_where_the_encoder_s_ended(cell: str) -> None:
    changes = {"layers": 2, "hidden": 10, "bridge": "copy"}
    model = model_of(f"{cell}-bi-2", f"{cell}-before-additive", torch.float64, changes)
    read = model.encode(batch())
    assert read.final is not None
    assert_close(model.start(read).cells, read.final)


@pytest.mark.parametrize("bridge", ["projection", "zero"])
@pytest.mark.parametrize("encoder", ["lstm-bi-2", "transformer-pre-sinusoidal"])
def test_other_bridges_go_with_every_encoder(bridge: str, encoder: str) -> None:
    model = model_of(encoder, "lstm-before-additive", torch.float64, {"layers": 3, "bridge": bridge})
    cells = model.start(model.encode(batch())).cells
    assert [[tuple(tensor.shape) for tensor in layer] for layer in cells] == [[(3, 6)] * 2] * 3
    largest = [tensor.abs().max() for layer in cells for tensor in layer]
    assert all((value == 0) == (bridge == "zero") for value in largest)
