"""Gradient flow: that of a linear recurrence is known, and any other's is that of finite differences."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

import kinds
from seqloom.base.errors import ShapeError
from seqloom.data.batch import collate
from seqloom.inspection.gradient_flow import GradientFlow, flow_between, gradient_flow, handed_on, write_flows
from seqloom.layers.cells import ReLUCell
from seqloom.models.recurrent_decoders import RecurrentState
from seqloom.models.seq2seq import Seq2Seq


def linear_recurrence(matrix: Tensor, inputs: Tensor) -> list[Tensor]:
    """The states of an Elman cell whose ReLU never shuts, so that h_t = M h_(t-1) + x_t."""
    cell = ReLUCell(len(matrix), len(matrix)).double()
    with torch.no_grad():
        cell.recurrent_weight.copy_(matrix)
        cell.input_weight.copy_(torch.eye(len(matrix)))
    state = torch.zeros(1, len(matrix), dtype=torch.float64)
    states = []
    for now in inputs.unbind(1):
        (state,) = cell.step(now, (state,))
        states.append(state)
    return states


def test_a_linear_recurrence_has_its_analytic_flow() -> None:
    matrix = torch.rand(3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64) / 2
    weights = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)
    states = linear_recurrence(matrix, torch.ones(1, 8, 3, dtype=torch.float64))
    flow = flow_between([state @ weights for state in states], [(state,) for state in states])
    for t in range(8):
        for j in range(t):  # d (w . h_t) / d h_j = (M^T)^(t-j) w
            expected = (torch.linalg.matrix_power(matrix.T, t - j) @ weights).norm().item()
            assert flow.norms[t, j] == pytest.approx(expected, rel=1e-12)
        assert np.isnan(flow.norms[t, t:]).all()


@pytest.mark.parametrize("decay", [0.5, 0.9, 1.25])
def test_the_half_life_of_a_linear_recurrence_is_known(decay: float) -> None:
    states = linear_recurrence(decay * torch.eye(2, dtype=torch.float64), torch.ones(1, 12, 2).double())
    flow = flow_between([state.sum() for state in states], [(state,) for state in states])
    assert flow.half_life == pytest.approx(
        math.log(0.5) / math.log(decay), rel=1e-9
    )  # negative where it grows
    np.testing.assert_allclose(flow.by_distance(), math.sqrt(2) * decay ** np.arange(1, 12), rtol=1e-12)


def test_what_stays_has_no_half_life_and_what_never_arrives_none_either() -> None:
    states = linear_recurrence(torch.eye(2, dtype=torch.float64), torch.ones(1, 5, 2).double())
    assert (
        flow_between([state.sum() for state in states], [(state,) for state in states]).half_life == math.inf
    )
    states = linear_recurrence(torch.zeros(2, 2, dtype=torch.float64), torch.ones(1, 5, 2).double())
    assert math.isnan(
        flow_between([state.sum() for state in states], [(state,) for state in states]).half_life
    )


READ, WRITTEN = [2, 5, 6, 7, 4], [5, 6, 7, 4, 3]


def begun(network: Seq2Seq) -> Any:
    return network.start(network.encode(collate([[4, 5, 6]])))


@pytest.mark.parametrize(
    "decoder",
    [
        "gru-fixed",
        "lstm-between-additive",
        "gru-feeding-general",
        "lstm-feeding-general-copying",
        "lstm-before-coverage",
        "lstm-after-coverage",
        "min_gru-fixed",
    ],
)
def test_the_flow_of_a_recurrent_decoder_is_that_of_finite_differences(decoder: str) -> None:
    model = kinds.model_of("gru-bi-1", decoder, torch.float64)
    norms = gradient_flow(model, begun, READ, WRITTEN).norms
    for t, j in ((3, 2), (4, 1)):
        assert norms[t, j] == pytest.approx(sensitivity(model, t, j), rel=1e-5)


@torch.no_grad()
def sensitivity(model: Seq2Seq, t: int, j: int, step: float = 1e-6) -> float:
    """The norm of d loss_t / d state_j by moving each number that is handed on a little both ways, by itself."""
    state = begun(model)
    for symbol in READ[: j + 1]:
        state = model.step(torch.tensor([symbol]), state).state

    def loss(moved: Any) -> float:
        for symbol in READ[j + 1 : t + 1]:
            step = model.step(torch.tensor([symbol]), moved)
            logits, moved = step.scores, step.state
        return functional.cross_entropy(logits, torch.tensor([WRITTEN[t]])).item()

    own = getattr(state, "decoder", state)
    total = 0.0
    for name, tensor in parts_of(own).items():
        for element in range(tensor.shape[1]):
            found = []
            for sign in (1, -1):
                shifted = tensor.clone()
                shifted[0, element] += sign * step
                moved = with_part(own, name, shifted)
                found.append(loss(moved if own is state else replace(state, decoder=moved)))
            total += ((found[0] - found[1]) / (2 * step)) ** 2
    return math.sqrt(total)


def parts_of(state: RecurrentState) -> dict[Any, Tensor]:
    """What is handed on, by where it stands."""
    parts: dict[Any, Tensor] = {
        (layer, number): tensor
        for layer, tensors in enumerate(state.cells)
        for number, tensor in enumerate(tensors)
    }
    beside = {"fed": state.fed, "coverage": state.coverage}
    return parts | {name: tensor for name, tensor in beside.items() if tensor is not None}


def with_part(state: RecurrentState, name: Any, tensor: Tensor) -> RecurrentState:
    if isinstance(name, str):
        return replace(state, **{name: tensor})
    layers = [list(own) for own in state.cells]
    layers[name[0]][name[1]] = tensor
    return replace(state, cells=tuple(map(tuple, layers)))


@pytest.mark.parametrize(
    ("decoder", "beside"),
    [("gru-feeding-general", {"fed"}), ("lstm-before-coverage", {"coverage"}), ("lstm-fixed", set())],
)
def test_all_that_is_handed_on_counts(decoder: str, beside: set[str]) -> None:
    state = begun(kinds.model_of("gru-bi-1", decoder, torch.float64))
    again, tensors = handed_on(state)
    assert {name for name in parts_of(state) if isinstance(name, str)} == beside
    for mine, own in zip(tensors, parts_of(again).values(), strict=True):
        assert mine is own


def test_a_transformer_is_reached_through_what_it_read() -> None:
    model = kinds.model_of("gru-bi-1", "transformer-pre-sinusoidal", torch.float64, tie_output=False)
    norms = gradient_flow(model, begun, READ, WRITTEN).norms
    table = (
        model.target.embedding.table
    )  # moving the row of a symbol that is read once moves what was read there
    position = 1
    loss = functional.cross_entropy(
        model(collate([[4, 5, 6]], [WRITTEN[:-1]])).logits[0, 4][None], torch.tensor([WRITTEN[4]])
    )
    (gradient,) = torch.autograd.grad(loss, table)
    expected = gradient[READ[position]].norm().item() / model.target.embedding.scale
    assert norms[4, position] == pytest.approx(expected, rel=1e-9)


def test_the_network_stays_as_it_is() -> None:
    model = kinds.model_of("gru-bi-1", "gru-between-additive")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    flow = gradient_flow(model, begun, READ, WRITTEN, "trained")
    assert flow.label == "trained"
    assert (flow.norms[np.tril_indices(5, -1)] > 0).all()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(not part._forward_hooks for part in model.modules())


def test_as_many_states_as_losses_are_needed() -> None:
    with pytest.raises(ShapeError, match="1 losses and 0 states"):
        flow_between([torch.zeros(())], [])
    with pytest.raises(ShapeError, match=r"Norms of shape \(2, 3\)"):
        GradientFlow("", np.zeros((2, 3)))


def test_flows_are_written_as_json(tmp_path: Path) -> None:
    norms = np.full((3, 3), np.nan)
    norms[1, 0], norms[2, 1], norms[2, 0] = 4.0, 2.0, 1.0
    write_flows([GradientFlow("trained", norms)], tmp_path / "flow.json")
    found = json.loads((tmp_path / "flow.json").read_text())
    assert found["flows"] == [
        {
            "label": "trained",
            "by_distance": [3.0, 1.0],
            "half_life": pytest.approx(math.log(2) / math.log(3)),
            "norms": [[None] * 3, [4.0, None, None], [1.0, 2.0, None]],
        }
    ]
