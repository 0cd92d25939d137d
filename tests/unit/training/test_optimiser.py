"""The rules as their papers have them, what decays, state that survives a file, and the moving average."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save
from torch import Tensor, nn

from agreement import randomise
from seqloom.base.errors import DamagedModelError
from seqloom.config.training import TrainingConfig
from seqloom.training.optimiser import (
    MovingAverage,
    build_optimiser,
    expected_shapes,
    load_optimiser_tensors,
    optimiser_tensors,
    set_learning_rate,
)

RATE, DECAY, BETAS, EPS = 0.03, 0.2, (0.8, 0.95), 1e-6
RULES: dict[str, dict[str, Any]] = {
    "adamw": {"optimiser": "adamw"},
    "adam": {"optimiser": "adam"},
    "sgd": {"optimiser": "sgd"},
    "momentum": {"optimiser": "sgd", "momentum": 0.7},
}
rules = pytest.mark.parametrize("rule", RULES)
Array = NDArray[np.float64]


def network(dtype: torch.dtype = torch.float64) -> nn.Module:
    return randomise(nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2)), dtype=dtype)


def config(rule: str, decay: float = DECAY) -> TrainingConfig:
    return TrainingConfig(learning_rate=RATE, weight_decay=decay, betas=BETAS, eps=EPS, **RULES[rule])


def give_gradients(model: nn.Module, number: int) -> dict[str, Tensor]:
    """Distinct gradients for one update."""
    generator = torch.Generator().manual_seed(number)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def by_hand(rule: str, weight: Array, gradients: list[Array], decay: float) -> Array:
    """AdamW: Loshchilov and Hutter 2019, algorithm 2; Adam: Kingma and Ba 2015, algorithm 1; SGD with momentum."""
    first = second = np.zeros_like(weight)
    for time, gradient in enumerate(gradients, start=1):
        if rule == "adamw":
            weight = weight - RATE * decay * weight
        else:
            gradient = gradient + decay * weight
        if rule == "momentum":
            first = gradient + 0.7 * first if time > 1 else gradient
            weight = weight - RATE * first
        elif rule == "sgd":
            weight = weight - RATE * gradient
        else:
            first = BETAS[0] * first + (1 - BETAS[0]) * gradient
            second = BETAS[1] * second + (1 - BETAS[1]) * gradient**2
            corrected = first / (1 - BETAS[0] ** time), second / (1 - BETAS[1] ** time)
            weight = weight - RATE * corrected[0] / (np.sqrt(corrected[1]) + EPS)
    return weight


@rules
def test_a_rule_is_its_paper_s_and_matrices_decay_but_vectors_do_not(rule: str) -> None:
    model = network()
    before = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    optimiser = build_optimiser(model, config(rule))
    gradients = []
    for number in range(4):
        gradients.append({name: g.numpy().copy() for name, g in give_gradients(model, number).items()})
        optimiser.step()
    for name, parameter in model.named_parameters():
        decay = DECAY if parameter.ndim >= 2 else 0.0
        expected = by_hand(rule, before[name], [each[name] for each in gradients], decay)
        np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-12, atol=1e-13, err_msg=name)


def test_decay_alone_shrinks_matrices_and_leaves_vectors() -> None:
    model = network()
    before = copy.deepcopy(model)
    optimiser = build_optimiser(model, config("adamw"))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    shrunk = {name: p.ndim >= 2 for name, p in model.named_parameters()}
    assert sorted(shrunk.values()) == [False] * 4 + [True] * 2
    old = dict(before.named_parameters())
    for name, parameter in model.named_parameters():
        expected = old[name] * (1 - RATE * DECAY) if shrunk[name] else old[name]
        torch.testing.assert_close(parameter, expected, rtol=1e-14, atol=0)


def test_the_learning_rate_is_set_for_all_parameters() -> None:
    optimiser = build_optimiser(network(), config("adamw"))
    set_learning_rate(optimiser, 0.007)
    assert [group["lr"] for group in optimiser.param_groups] == [0.007, 0.007]


@rules
def test_state_that_went_through_a_file_goes_on_with_the_same_bits(rule: str) -> None:
    model = network(torch.float32)
    optimiser = build_optimiser(model, config(rule))
    for number in range(3):
        give_gradients(model, number)
        optimiser.step()
    kept = load(save(optimiser_tensors(optimiser, model)))
    other = copy.deepcopy(model)
    resumed = build_optimiser(other, config(rule))
    load_optimiser_tensors(resumed, other, kept, "here")
    found = optimiser_tensors(resumed, other)
    entries = {"adamw": 3, "adam": 3, "sgd": 0, "momentum": 1}[rule]
    assert len(found) == entries * 6
    assert found.keys() == kept.keys()
    assert all(torch.equal(found[name], kept[name]) for name in kept)
    for each, rule_of_it in ((model, optimiser), (other, resumed)):
        give_gradients(each, 3)
        rule_of_it.step()
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)
    assert all(torch.equal(kept[name], tensor) for name, tensor in load(save(kept)).items())


def test_state_is_named_after_parameter_and_entry() -> None:
    model = network()
    optimiser = build_optimiser(model, config("adamw"))
    assert optimiser_tensors(optimiser, model) == {}
    give_gradients(model, 0)
    optimiser.step()
    assert set(optimiser_tensors(optimiser, model)) == {
        f"{name}/{entry}"
        for name, _ in model.named_parameters()
        for entry in ("step", "exp_avg", "exp_avg_sq")
    }


def all_moments(model: nn.Module) -> dict[str, Tensor]:
    """What Adam keeps after three updates."""
    shapes = expected_shapes(build_optimiser(model, config("adamw")), model)
    return {
        name: torch.ones(shape) if shape or not name.endswith("step") else torch.tensor(3.0)
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize("rule", ["adamw", "momentum"])
def test_a_parameter_that_had_no_gradient_yet_is_so_after_loading(rule: str) -> None:
    model = network(torch.float32)
    optimiser = build_optimiser(model, config(rule))
    give_gradients(model, 0)
    for parameter in (model[0].weight, model[1].bias):  # type: ignore[index]
        parameter.grad = None
    optimiser.step()
    kept = load(save(optimiser_tensors(optimiser, model)))
    assert {name for name in kept if name.endswith("untouched")} == {"0.weight/untouched", "1.bias/untouched"}
    other = copy.deepcopy(model)
    resumed = build_optimiser(other, config(rule))
    load_optimiser_tensors(resumed, other, kept, "here")
    for each, rule_of_it in ((model, optimiser), (other, resumed)):
        give_gradients(each, 1)
        rule_of_it.step()
    assert optimiser_tensors(resumed, other).keys().isdisjoint({"0.weight/untouched", "1.bias/untouched"})
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)


def test_no_parameter_both_has_state_and_has_none() -> None:
    model = network()
    moments = all_moments(model) | {"0.bias/untouched": torch.empty(0)}
    with pytest.raises(DamagedModelError, match=r"^step-3 doesn't fit the model: unexpected 0\.bias/step"):
        load_optimiser_tensors(build_optimiser(model, config("adamw")), model, moments, "step-3")


def test_loaded_state_is_a_copy() -> None:
    model = network()
    moments = all_moments(model)
    optimiser = build_optimiser(model, config("adamw"))
    load_optimiser_tensors(optimiser, model, moments, "here")
    for tensor in optimiser_tensors(optimiser, model).values():
        tensor.zero_()
    assert moments["0.weight/exp_avg"].eq(1).all()
    assert moments["0.weight/step"] == 3


def test_loaded_state_lies_where_its_parameter_does() -> None:
    """The fused rules read the count of updates there too; "meta" stands in for another device."""
    model = network().to("meta")
    optimiser = torch.optim.Adam(model.parameters())
    load_optimiser_tensors(optimiser, model, all_moments(network()), "here")
    assert {tensor.device.type for tensor in optimiser_tensors(optimiser, model).values()} == {"meta"}


def test_every_tensor_that_is_missing_too_many_or_misshapen_is_named() -> None:
    model = network()
    moments = all_moments(model)
    del moments["0.bias/exp_avg"], moments["1.weight/step"]
    moments |= {"0.weight/exp_avg": torch.ones(3, 4), "7.weight/exp_avg": torch.ones(4)}
    with pytest.raises(DamagedModelError) as caught:
        load_optimiser_tensors(build_optimiser(model, config("adamw")), model, moments, "step-3")
    assert str(caught.value) == (
        "step-3 doesn't fit the model: missing 0.bias/exp_avg (4,); missing 1.weight/step (); "
        "0.weight/exp_avg has shape (3, 4), expected (4, 3); unexpected 7.weight/exp_avg (4,). "
        "It belongs to another configuration or seqloom."
    )


def moved(model: nn.Module, number: int) -> nn.Module:
    """The same model with other weights, as after an update."""
    randomise(model, seed=number)
    return model


def test_the_average_is_the_formula_s_from_the_first_weights_on() -> None:
    model = network()
    average = MovingAverage(model, 0.3)
    expected = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    decays = []
    for update in range(6):
        average.follow(moved(model, update + 1), update)
        decay = min(0.3, (1 + update) / (10 + update))
        decays.append(decay)
        for name, parameter in model.named_parameters():
            expected[name] = decay * expected[name] + (1 - decay) * parameter.detach().numpy()
    assert decays[0] == 0.1  # the beginning is forgotten fast
    assert decays[-1] == 0.3
    for name, held in average.weights.items():
        np.testing.assert_allclose(held.numpy(), expected[name], rtol=1e-13, err_msg=name)


def snapshot(tensors: Callable[[], Any]) -> list[Tensor]:
    return [tensor.detach().clone() for tensor in tensors()]


def test_swapping_exchanges_and_swapping_again_changes_back() -> None:
    model = network(torch.float32)
    average = MovingAverage(model, 0.9)
    moved(model, 5).to(torch.float32)
    own, held = snapshot(model.parameters), snapshot(average.weights.values)
    assert not torch.equal(own[0], held[0])
    average.swap(model)
    for now, wanted in ((snapshot(model.parameters), held), (snapshot(average.weights.values), own)):
        assert all(torch.equal(one, other) for one, other in zip(now, wanted, strict=True))
    average.swap(model)
    for now, wanted in ((snapshot(model.parameters), own), (snapshot(average.weights.values), held)):
        assert all(torch.equal(one, other) for one, other in zip(now, wanted, strict=True))


def test_the_average_keeps_its_own_copy() -> None:
    model = network()
    average = MovingAverage(model, 0.9)
    before = snapshot(average.weights.values)
    moved(model, 3)
    assert all(torch.equal(*pair) for pair in zip(before, snapshot(average.weights.values), strict=True))
